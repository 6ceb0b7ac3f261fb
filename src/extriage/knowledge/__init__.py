"""Facts that ship with the tool: tables under `content`, read and checked when they are loaded."""
