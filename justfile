# Each recipe is one plain command; `uv run` and an activated venv both work.

# The one gate: format, lint, types, architecture, tests, documents in step.
check: lint types test

lint:
    ruff format --check . && ruff check . && lint-imports

types:
    mypy

test:
    pytest -n 2

# Write the golden reports and generated documents anew; read the diff before you commit it.
golden:
    EXTRIAGE_GOLDEN=1 pytest tests/matchers tests/rules tests/parsers tests/reports tests/test_docs.py tests/test_sample_report.py

# Ratios against ripgrep in the same run; takes some minutes.
bench:
    python benchmarks/scan.py
