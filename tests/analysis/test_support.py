"""Until when there are updates, for whom, and for which cumulative updates."""

from datetime import date

import pytest

from extriage.analysis.packages import limited, newest, served
from extriage.analysis.support import support
from extriage.knowledge.builds import build_table
from extriage.model.host import SupportState

SUPPORTED, PAID = SupportState.SUPPORTED, SupportState.PAID
UNSUPPORTED, UNKNOWN = SupportState.UNSUPPORTED, SupportState.UNKNOWN


@pytest.mark.parametrize(
    ("product", "day", "state", "until"),
    [
        ("2013", date(2023, 4, 11), SUPPORTED, date(2023, 4, 11)),
        ("2013", date(2023, 4, 12), UNSUPPORTED, None),
        ("2010", date(2020, 10, 13), SUPPORTED, date(2020, 10, 13)),
        ("2010", date(2021, 3, 3), UNSUPPORTED, None),
        ("2007", date(2021, 3, 3), UNSUPPORTED, None),
        ("2016", date(2025, 10, 14), SUPPORTED, date(2025, 10, 14)),
        ("2016", date(2025, 10, 15), PAID, date(2026, 10, 31)),
        ("2019", date(2026, 10, 31), PAID, date(2026, 10, 31)),
        ("2019", date(2026, 11, 1), UNSUPPORTED, None),
        ("SE", date(2026, 10, 10), SUPPORTED, None),
        ("SE", date(2036, 1, 1), UNKNOWN, None),
        ("", date(2026, 10, 10), UNKNOWN, None),
    ],
)
def test_the_state_of_support(
    product: str, day: date, state: SupportState, until: date | None
) -> None:
    found = support(product, "", day)
    assert (found.state, found.until) == (state, until)
    assert found.note


def test_a_cu_without_further_updates_is_named_although_its_product_is_supported() -> None:
    found = support("2016", "CU22", date(2023, 3, 1))
    assert found.state is SUPPORTED
    assert "CU22 gets none any more: they are made for CU23 only" in found.note
    assert "none any more" not in support("2016", "CU23", date(2023, 3, 1)).note


def test_paid_updates_are_for_two_cus_only() -> None:
    assert "made for CU14 and CU15 only" in support("2019", "CU13", date(2026, 7, 1)).note


def test_the_end_names_the_last_update() -> None:
    note = support("2013", "CU23", date(2026, 10, 10)).note
    assert "Mar23SU of 2023-03-14" in note


@pytest.mark.parametrize(
    ("product", "day", "cus"),
    [
        ("2016", date(2021, 3, 5), ("CU18", "CU19")),
        ("2016", date(2021, 3, 12), ("CU18", "CU19")),
        ("2016", date(2021, 3, 16), ("CU18", "CU19", "CU20")),
        ("2016", date(2021, 4, 13), ("CU19", "CU20")),
        ("2019", date(2026, 10, 10), ("CU14", "CU15")),
        ("2013", date(2026, 10, 10), ("CU23",)),
        ("2010", date(2026, 10, 10), ("SP3",)),
        ("SE", date(2026, 10, 10), ("RTM",)),
        ("SE", date(2025, 7, 1), ("RTM",)),
        ("SE", date(2021, 3, 5), ()),
    ],
)
def test_updates_are_made_for_the_newest_cus(product: str, day: date, cus: tuple[str, ...]) -> None:
    assert served(product, day) == cus


def test_the_packages_of_march_2021_for_old_cus_are_known() -> None:
    march = [build for build in build_table().builds if build.su == "Mar21SU"]
    old = {(build.product, build.cu) for build in march if limited(build)}
    assert ("2016", "CU16") in old
    assert ("2013", "SP1") in old
    whole = {(build.product, build.cu) for build in march if not limited(build)}
    assert whole == {
        ("2013", "CU23"),
        ("2016", "CU18"),
        ("2016", "CU19"),
        ("2019", "CU7"),
        ("2019", "CU8"),
    }


def test_the_newest_package_is_the_one_that_could_be_had() -> None:
    paid = newest("2016", "CU23", date(2026, 10, 10))
    free = newest("2016", "CU23", date(2026, 10, 10), date(2025, 10, 14))
    assert paid
    assert free
    assert (paid.su, free.su) == ("Sep26SUv2", "Oct25SU")
    assert newest("SE", "RTM", date(2021, 1, 1)) is None
