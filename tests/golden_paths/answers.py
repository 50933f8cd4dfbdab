"""Awkward answers to the golden paths' forms: all of them are allowed, so all have to work."""

from hypothesis import strategies as st

GOOD: dict[str, object] = {
    "name": "parcel-tracking",
    "description": "Answers where a parcel is.",
    "owner": "group:default/tracking-team",
    "system": "tracking",
    "lifecycle": "production",
    "port": 9090,
    "repoUrl": "local?owner=acme&repo=parcel-tracking",
}
# What the form insists on; the server fills in no defaults.
LEAST: dict[str, object] = {key: GOOD[key] for key in ("name", "description", "owner", "repoUrl")}

AWKWARD_NAMES = [
    "a",
    "1",
    "0x1f",
    "1e3",
    "007",
    "no",
    "null",
    "true",
    "a-b-1",
    "a--b",
    "x" * 63,
    "1" + "-y" * 31,
    "class",
    "json",
    "tests",
    "fastapi",
    "uvicorn",
    "pydantic",
    "service",
    "payments-service",
    "1st-service",
]
AWKWARD_DESCRIPTIONS = [
    'Says "hello": and\'s more, # not a comment',
    "First line\nsecond: line\n\n  - third\n\ttabbed\n---\n...",
    "Windows\r\nlines\r\nand a lone\rreturn",
    "Ünïcödé 世界 😀 \u200b \u00a0 e\u0301",
    "${{ values.name }} {{ cookiecutter.slug }} {% if x %} {# c #} {% raw %} ${{ cycler.__init__ }} {{ 7 * 7 }}",
    "back\\slash \\n \\u0041 \\\\ end\\",
    "'''triple''' \"\"\"quotes\"\"\" `ticks` $(touch /tmp/x) $HOME %s {0} <b>&amp;</b>",
    "- [ ] * & ! | > % @ ` , ? : { } [ ]",
    "   blanks around   ",
    "null",
    "123",
    "word " * 199 + "words",
]
AWKWARD_OWNERS = ["tracking-team", "user:default/ana", "USER:Ana", "group:other-space/Team_1.b", "other/t"]

# The alphabet of the form's patterns.
names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
descriptions = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff")
    | st.sampled_from("\n\t\r\"'\\{}%#$:&*-"),
    min_size=3,
    max_size=300,
).filter(lambda text: text.strip() != "")
