"""What the URL of a logged request says beyond its text: disguises, tokens, pages of nobody.

The fields exist only where there is something to say. `Disguise`: how the URL was written so that
filters do not see it. `unmasked`: what it says; rules that look at the URL see this as well.
`DisguisedWords`: words that cannot be seen in the log as it is. `CommonAccessToken.…`: who the
caller claimed to be. `PageShipped`: `no` for a page below Exchange's addresses that no known build
answers, else `yes`.
"""

from extriage.model.evidence import Fields
from extriage.parsers import accesstoken
from extriage.parsers.disguise import Reading, has_sign, read
from extriage.parsers.shippedpage import url_of_exchange


def lay_open(fields: Fields, stem: str, query: str) -> None:
    """Add what stem and query of a request say beyond their text."""
    path, asked = fields.get(stem, ""), fields.get(query, "")
    if not isinstance(path, str) or not isinstance(asked, str):
        return
    if "." in path and (shipped := url_of_exchange(path)):
        fields["PageShipped"] = shipped
    texts: tuple[str, ...] = (asked,)
    if has_sign(path) or has_sign(asked):
        way, question = read(path), read(asked)
        if way.variants or question.variants:
            _unmask(fields, way, question)
        texts = (asked, *question.variants)
    for text in texts if len(asked) >= accesstoken.SHORTEST else ():
        if claimed := accesstoken.claims(text):
            fields.update(claimed)
            break


def _unmask(fields: Fields, stem: Reading, query: Reading) -> None:
    if stem.variants:
        fields["unmasked-stem"] = stem.variants
    if query.variants:
        fields["unmasked-query"] = query.variants
    asked = query.plain.removeprefix("?")
    fields["unmasked"] = f"{stem.plain}?{asked}" if asked else stem.plain
    names = tuple(dict.fromkeys(stem.names + query.names))
    words = tuple(dict.fromkeys(stem.words() + query.words()))
    if names:
        fields["Disguise"] = names
    if words:
        fields["DisguisedWords"] = words
