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
    EXTRIAGE_GOLDEN=1 pytest tests/matchers tests/rules tests/parsers tests/reports tests/answers tests/benchmarks tests/test_docs.py tests/test_sample_report.py

# Speed and memory beside other programs, in turn; takes half an hour.
bench:
    python benchmarks/table.py
