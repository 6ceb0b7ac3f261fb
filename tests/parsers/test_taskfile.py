"""Scheduled tasks: what starts, when and as whom, from the file that Windows keeps."""

from config_reading import TASK, facts_of

from extriage.model.state import Subject


def test_each_action_is_told_with_all_that_is_known_of_the_task() -> None:
    path = "C/Windows/System32/Tasks/Microsoft/Windows/Winnet"
    kind, facts, trouble = facts_of(TASK.encode("utf-16"), path)
    assert (kind, trouble) == ("scheduled-task", "")
    first, second = facts
    assert (first.subject, first.name) == (Subject.SCHEDULED_TASK, r"\Microsoft\Windows\Winnet")
    assert first.value == r"C:\Windows\Temp\a.exe -a & -b"
    assert first.time is None, "the date is local and written by whoever made the task"
    assert dict(first.properties) == {
        "Date": "2021-03-03T04:05:06.789",
        "Author": r"CONTOSO\EX01$",
        "Uri": r"\Microsoft\Windows\Winnet",
        "Triggers": "BootTrigger, CalendarTrigger",
        "UserId": "S-1-5-18",
        "RunLevel": "HighestAvailable",
        "Hidden": "true",
        "Enabled": "true",
        "Command": r"C:\Windows\Temp\a.exe",
        "Arguments": "-a & -b",
    }
    assert second.value == "{0F87369F-A4E5-4CFC-BD3E-73E6154572DD}"
    assert first.origin.line == 9
    assert second.origin.line == 13


def test_without_its_uri_a_task_has_the_name_of_its_place() -> None:
    data = TASK.replace(r"<URI>\Microsoft\Windows\Winnet</URI>", "").encode()
    _, facts, _ = facts_of(data, "x/Windows/System32/Tasks/Contoso/Backup")
    assert {fact.name for fact in facts} == {r"\Contoso\Backup"}
    _, facts, _ = facts_of(data, "exports/Backup.xml")
    assert {fact.name for fact in facts} == {r"\Backup.xml"}


def test_a_task_that_breaks_off_gives_what_stands_before() -> None:
    _, facts, trouble = facts_of(TASK[: TASK.index("<Triggers>")].encode(), "Tasks/x")
    assert "broken at line" in trouble
    assert len(facts) == 2


def test_a_task_without_actions_is_told_and_other_xml_is_not() -> None:
    head = TASK[: TASK.index("<RegistrationInfo>")]
    _, facts, _ = facts_of(f"{head}</Task>".encode(), "System32/Tasks/Empty")
    assert [(fact.name, fact.value) for fact in facts] == [(r"\Empty", "")]
    assert facts_of(b"<Task><Actions/></Task>", "System32/Tasks/x")[0] == ""
    assert facts_of(TASK.encode(), "aspnet_client/x.aspx")[0] == "web-file"


def test_actions_and_triggers_are_bounded() -> None:
    many = "<Triggers>" + "<BootTrigger/>" * 5000 + "</Triggers><Actions>" + "<Exec/>" * 5000
    head = TASK[: TASK.index("<RegistrationInfo>")]
    _, facts, trouble = facts_of(f"{head}{many}</Actions></Task>".encode(), "x")
    assert trouble == ""
    assert len(facts) == 50
    assert len(dict(facts[0].properties)["Triggers"]) < 1000
