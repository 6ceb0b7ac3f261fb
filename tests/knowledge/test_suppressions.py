"""Suppress files: what is right is read, what is wrong is one clear sentence with its line."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from extriage.errors import UsageError
from extriage.knowledge.suppressions import LARGEST, network_of, read_suppressions
from extriage.model.suppression import Suppression

TODAY = date(2026, 11, 22)

FULL = r"""
# what we know of our own traffic
scanners:
  - name: Nessus of the security team
    addresses: [203.0.113.9, 2001:db8::/32]
    agents: "*Nessus*"
    hosts: [EX01]
    from: 2021-03-01
    to: 2021-03-02
suppress:
  - rule: [webserver_*, "httpproxy_ssrf_?"]
    campaign: proxylogon
    address: 10.1.2.3/24
    account: CONTOSO\svc-probe
    path: /owa/auth/x.js
    sha256: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
    user-agent: probe/1.0
    host: EX01
    from: 2021-03-01T06:00:00+02:00
    reason: monitoring
      of the load balancer
    by: J. Doe
    expires: 2026-11-21
"""


def read(tmp_path: Path, text: str) -> tuple[Suppression, ...]:
    file = tmp_path / "known.yml"
    file.write_text(text, "utf-8")
    return read_suppressions([file], TODAY)


def test_every_key_is_read(tmp_path: Path) -> None:
    entry, scanner = read(tmp_path, FULL)
    assert entry == Suppression(
        id="known.yml:11",
        reason="monitoring of the load balancer",
        by="J. Doe",
        expires=date(2026, 11, 21),
        in_force=False,
        rules=("webserver_*", "httpproxy_ssrf_?"),
        campaigns=("proxylogon",),
        addresses=("10.1.2.3/24",),
        accounts=("CONTOSO\\svc-probe",),
        paths=("/owa/auth/x.js",),
        sha256=("a" * 64,),
        agents=("probe/1.0",),
        hosts=("EX01",),
        since=datetime(2021, 3, 1, 4, tzinfo=UTC),
    )
    assert scanner == Suppression(
        id="known.yml:4",
        reason="own vulnerability scanner",
        scanner="Nessus of the security team",
        addresses=("203.0.113.9", "2001:db8::/32"),
        agents=("*Nessus*",),
        hosts=("EX01",),
        since=datetime(2021, 3, 1, tzinfo=UTC),
        until=datetime(2021, 3, 2, 23, 59, 59, 999_999, tzinfo=UTC),
    )


def test_a_bare_list_is_a_list_of_entries(tmp_path: Path) -> None:
    (entry,) = read(tmp_path, "- {address: 10.0.0.1, reason: x, expires: 2026-11-22}")
    assert (entry.addresses, entry.in_force) == (("10.0.0.1",), True)
    assert read(tmp_path, "suppress:\nscanners:\n") == ()


def test_entries_on_one_line_and_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = [tmp_path / name / "known.yml" for name in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        file.write_text("[{address: 10.0.0.1, reason: x}, {address: 10.0.0.2, reason: x}]")
    names = [entry.id for entry in read_suppressions(files, TODAY)]
    assert names == ["known.yml:1", "known.yml:1(2)", "known.yml(2):1", "known.yml(2):1(2)"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "known.yml is no suppress file: it needs a list"),
        ("just text", "is no suppress file"),
        ("suppress: {address: 10.0.0.1}", "`suppress` must be a list of entries"),
        ("suppress: [text]", "`suppress` must be a list of entries"),
        ("supress: []", "but no `supress`"),
        ("- address: 10.0.0.1", "known.yml:1: an entry needs a `reason`"),
        ("- reason: x", "known.yml:1: an entry that names nothing would suppress all"),
        ("\n\n- {reason: x, from: 2021-01-01}", "known.yml:3: an entry that names nothing"),
        ("- {reason: x, adress: 10.0.0.1}", "there is no key `adress`; there are `account`"),
        ("- {reason: x, address: 10.0.0.300}", "'10.0.0.300' is no address: write 192.0.2.7"),
        ("- {reason: x, address: 10.1}", "`address` must be a text or a list of texts"),
        ("- {reason: x, account: [1]}", "put numbers into quotes"),
        ("- {reason: x, account: []}", "`account` must be a text"),
        ("- {reason: x, account: ' '}", "`account` must be a text"),
        ("- {reason: x, account: {a: b}}", "`account` must be a text"),
        (f"- {{reason: x, account: {'a' * 1001}}}", "`account` must be a text"),
        ('- {reason: x, account: "\\ud800"}', "`account` must be a text"),
        (f"- {{reason: x, path: [{'a, ' * 10_001}]}}", "`path` has more than 10,000 values"),
        ("- {reason: [x], rule: a}", "`reason` must be a short text"),
        ("- {reason: x, sha256: abc}", "'abc' is no SHA-256"),
        ("- {reason: x, rule: a, expires: soon}", "`expires` is no time: write 2026-12-31"),
        ("- {reason: x, rule: a, from: 7}", "`from` is no time"),
        ("- {reason: x, rule: a, from: 2021-02-02, to: 2021-02-01}", "`to` lies before `from`"),
        (
            "- {reason: x, rule: a, rule: b}",
            "known.yml is no valid YAML: line 1: 'rule' stands there twice",
        ),
        ("- {reason: x, rule: a", "known.yml is no valid YAML: line 1:"),
        ("- !!python/object:os.system {}", "known.yml is no valid YAML: line 1:"),
        ("- {reason: x, rule: a, expires: 2026-99-99}", "known.yml is no valid YAML"),
        ("[" * 5000, "known.yml is nested too deeply"),
        ("scanners: [{name: N}]", "a scanner needs a `name` and its `addresses`"),
        ("scanners: [{addresses: [10.0.0.1]}]", "a scanner needs a `name` and its `addresses`"),
        ("scanners: [{name: N, address: 10.0.0.1}]", "there is no key `address`"),
        ("#" * (LARGEST + 1), "is larger than 1,048,576 bytes"),
    ],
)
def test_a_wrong_file_is_one_clear_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as problem:
        read(tmp_path, text)
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)
    assert len(str(problem.value)) < 400


def test_a_file_that_is_not_there_or_is_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: No such file"):
        read_suppressions([tmp_path / "none.yml"], TODAY)
    (tmp_path / "bytes.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"bytes.yml is no valid YAML"):
        read_suppressions([tmp_path / "bytes.yml"], TODAY)


def test_aliases_do_not_explode(tmp_path: Path) -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 30))
    with pytest.raises(UsageError, match="but no"):
        read(tmp_path, f"l0: &l0 x\n{levels}\n")


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.1.2.3/24", "10.1.2.0/24"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("::ffff:10.1.2.3", "10.1.2.3/32"),
        ("::ffff:10.1.2.0/120", "10.1.2.0/24"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::/0", "::/0"),
    ],
)
def test_networks_are_read_in_every_spelling(text: str, network: str) -> None:
    assert str(network_of(text)) == network


def test_the_example_of_the_documents_is_right(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "suppress.md"
    (example,) = re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    entries = read(tmp_path, example)
    assert [entry.id for entry in entries] == ["known.yml:8", "known.yml:14", "known.yml:2"]
