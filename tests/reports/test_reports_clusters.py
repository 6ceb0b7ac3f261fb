"""Clusters on the screen, and as rows of the case's database."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cases import case

from extriage.casefile.clusters import TABLES, cluster_rows
from extriage.model.case import Case
from extriage.model.cluster import Cluster, Feature, Resemblance
from extriage.model.detection import Certainty
from extriage.reports.base import RenderOptions
from extriage.reports.clusters import clusters_block
from extriage.reports.paper import sheet

START = datetime(2021, 3, 3, 4, 48, tzinfo=UTC)
HOURS = (0, 0, 0, 0, 40, *(0,) * 19)
SHARED = Feature("address", "203.0.113.24", ("EX01/intruder-1", "EX02/intruder-1"), 50, True, "A.")
APART = Feature("same-server", "EX01", ("EX01/intruder-1",), 40, False, "Cluster B was there too.")
LIKE = Resemblance(
    "Hafnium",
    3,
    2,
    Certainty.LIKELY,
    "resembles published indicators of Hafnium (3 indicators, 2 of them unique to Hafnium)",
    (("sha256", "ab" * 32, "a list"), ("ipv4", "203.0.113.24", "another list")),
)
JOINED = Cluster(
    "k-0123456789abcdef",
    "cluster A",
    ("EX01/intruder-1", "EX02/intruder-1"),
    ("EX01", "EX02"),
    START,
    START.replace(hour=6),
    HOURS,
    (SHARED,),
    (APART,),
    (LIKE,),
    "2 intruders on 2 servers are probably one, by the same address (203.0.113.24). It resembles …",
)


def alone(name: str) -> Cluster:
    return replace(
        JOINED,
        id=f"k-{name}",
        name=f"cluster {name}",
        members=(f"EX01/{name}",),
        hosts=("EX01",),
        resembles=(),
        text="One intruder, on EX01; nothing joins it to another.",
    )


def shown(*found: Cluster, width: int = 100) -> str:
    paper = sheet(RenderOptions(width=width, ascii=True))
    lines = clusters_block(paper, replace(case(), clusters=found))
    assert all(len(one.plain) <= width for one in lines)
    return "\n".join(one.plain for one in lines)


def test_a_cluster_is_told_with_what_joins_it_and_whom_it_is_like() -> None:
    text = shown(JOINED, alone("B"))
    assert "Clusters: 3 intruders on 2 servers, 2 clusters" in text
    flat = " ".join(text.split())
    assert "A 2 intruders on 2 servers are probably one" in flat
    assert "2021-03-03 04:48 - 06:48 UTC" in flat
    assert "(3 indicators, 2 of them unique to Hafnium): likely, and no word on who" in flat
    assert "1 cluster of one intruder in the case (clusters)" in flat


def test_one_lone_intruder_without_a_likeness_has_no_block() -> None:
    assert shown() == ""
    assert shown(alone("A")) == ""
    assert shown(alone("A"), alone("B")) == ""


@pytest.mark.parametrize("width", [40, 80, 160])
def test_hostile_values_stay_harmless_and_short(width: int) -> None:
    evil = replace(JOINED, text="\x1b[2J\x1b]0;x\x07" + "A" * 5000, name="cluster \x1b[31m")
    text = shown(*([evil] * 9), width=width)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert len(text.splitlines()) <= 20


def test_the_rows_fit_the_tables_and_say_the_same() -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(TABLES)
    whole: Case = replace(case(), clusters=(JOINED, alone("B")))
    for table, rows in cluster_rows(whole):
        for row in rows:
            marks = ",".join("?" * len(row))
            database.execute(f"INSERT INTO {table} VALUES ({marks})", row)
    found = database.execute("SELECT name, position, hosts FROM clusters ORDER BY position")
    assert found.fetchall() == [("cluster A", 1, '["EX01", "EX02"]'), ("cluster B", 2, '["EX01"]')]
    members = database.execute(
        "SELECT host, intruder FROM cluster_members WHERE cluster = ?", (JOINED.id,)
    )
    assert members.fetchall() == [("EX01", "intruder-1"), ("EX02", "intruder-1")]
    joins = "SELECT value, weight FROM cluster_features WHERE joins AND NOT apart AND cluster = ?"
    assert database.execute(joins, (JOINED.id,)).fetchall() == [("203.0.113.24", 50)]
    apart = "SELECT text FROM cluster_features WHERE apart AND cluster = ?"
    assert database.execute(apart, (JOINED.id,)).fetchall() == [(APART.text,)]
    like = "SELECT resembles, indicators, only_theirs, confidence FROM resemblances"
    assert database.execute(like).fetchall() == [("Hafnium", 3, 2, "likely")]
    assert database.execute("SELECT count(*) FROM resemblance_indicators").fetchone() == (2,)
    database.close()
