"""What can be told to an authority: a form's questions, answered from a case or left to people."""

from extriage.analysis.answers.asking import Circumstances
from extriage.analysis.answers.correcting import compare
from extriage.analysis.answers.engine import answer
from extriage.analysis.answers.filling import Given, fill, open_questions

__all__ = ["Circumstances", "Given", "answer", "compare", "fill", "open_questions"]
