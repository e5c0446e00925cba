"""What is a value and what is wording, as patterns on outlines.

Every rule rests on how logs are written anywhere, none on one system. On an outline `a0` stands for any word with a
digit. Applied in this order; what stays is the author's wording. Bodies come from strangers, so no pattern may take
more than linear time; those that begin with a letter or a sign take least.
"""

import re
from dataclasses import dataclass

WILDCARD = "<*>"

_METHOD = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
_DAY = r"(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?"
_ZONE = r"(?=[UGECMPABIJap])(?:UTC|GMT|[ECMP][SD]T|CES?T|BST|MSK|IST|JST|[AaPp][Mm])"
_UNIT = (
    r"(?:[kKMGTP]i?B|B|[kKMG]?[Bb]ytes?|[kKMG]?bits?|[KMG]bps|[mun]?s|µs|m?secs?|(?:milli|micro|nano)?seconds?|millis"
    r"|mins?|minutes?|hours?|hrs?|days?|percent)"
)
# Endings of host names; those that are also common words or names of packages are left out.
_TOP_LEVEL = (
    r"(?:com|net|org|edu|gov|mil|io|dev|cloud|info|biz|local|localdomain|internal|lan|arpa|example|cn|hk|tw|jp|kr|sg"
    r"|de|uk|fr|nl|ru|br|eu|ca|au|ch|se|es)"
)
_NAME = r"[\w.@$\\-]+"
_PATH = r"[\w.%@~+$*{}-]"
# Marks of things that a later rule must leave alone. They don't outlive the last rules.
_ROUTE, _KEY, _LABEL = "\x01", "\x02", "\x04"
_BEFORE = r"(^|[\s\"'(\[<=:,|])"


@dataclass(frozen=True, slots=True)
class Stage:
    """Rules for outlines that hold one of `signs`: to look for those costs next to nothing."""

    signs: tuple[str, ...]
    # Patterns and what takes their place.
    rules: tuple[tuple[re.Pattern[str], str], ...]


def _where(signs: tuple[str, ...], *rules: tuple[str, str]) -> Stage:
    return Stage(signs, tuple((re.compile(pattern, re.ASCII), replacement) for pattern, replacement in rules))


STAGES: tuple[Stage, ...] = (
    _where(
        ('"',),
        # The message of a structured log is wording, not a value: take off its quotes.
        (r"(?i)\"?\b(msg|message|event|error|err|reason)\"?\s*[:=]\s*\"((?:[^\"\\]|\\.)*)\"", r"\1: \2"),
        # Common log format: a request is its method and its path.
        (
            rf"^\S+ \S+ \S+ \[a0/{_MONTH}/a0[^\]]*\] \"({_METHOD}) ([^ ?\"]*)[^\"]*\".*$",
            rf'{WILDCARD} [{WILDCARD}] "\1 \2 {WILDCARD}" {WILDCARD}',
        ),
        # Keys of objects stay, whatever their values are.
        (r"([{,]\s*)\"([^\"]+)\"(\s*:)", rf"\1{_KEY}\2{_KEY}\3"),
        (rf"({_KEY}\s*:\s*)(?:\"[^\"]*\"|[\w.+-]+)", rf"\1{WILDCARD}"),
    ),
    # Syslog, old and new: a priority, a time and a host come before the program.
    _where(
        ("<a0>a0 ",),
        (r"^<a0>a0 a0\S* \S+ (\S+) \S+ \S+ (?:- |\[[^\]]*\] )?", rf"{WILDCARD} \1 "),
    ),
    _where(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        (rf"^(?:<a0>)?{_MONTH}\s+a0\s+a0:a0:a0\s+[\w.-]+\s+([\w./()-]+(?:\[a0\])?: )", rf"{WILDCARD} \1"),
        # Dates written with names.
        (rf"a0:a0 {_ZONE}\b", "a0:a0"),
        (rf"\b(?:{_DAY},?\s+)?a0[\s/]{_MONTH}[\s/,]+a0\b", "a0"),
        (rf"\b(?:{_DAY},?\s+)?{_MONTH}\.?\s+a0\b", "a0"),
    ),
    _where(
        (":a0 ",),
        (rf"a0:a0 {_ZONE}\b", "a0:a0"),
    ),
    # Nothing between brackets is a value that is empty.
    _where(
        ("()", "( ", "[]", "[ ", "{}", "{ "),
        (r"([\s=:,])(\(|\[|\{)\s*(\)|\]|\})", r"\1\2a0\3"),
    ),
    # A quantity, in whatever unit, once more in another unit, or as "less than".
    _where(
        ("a0 ", "a0µ"),
        (rf"a0\s?(?=[kKMGTBbmunµsphd]){_UNIT}\b(?:\s\(a0(?:,a0){{0,5}}(?:\s?{_UNIT})?\))?", "a0"),
    ),
    _where(
        ("<a0", "< a0"),
        (r"<\s?a0([\s,;)]|$)", r"a0\1"),
    ),
    _where(
        ("=",),
        # key="value" and key='value', whatever the value holds.
        (r"(=\s?)(?:\"[^\"]*\"|'[^']*')", r"\1" + WILDCARD),
        # key=value up to the next separator; a value that opens a bracket keeps the bracket.
        (r"=([^\s,;&\]\)\}\(\[\{<>\"'=]+)", "=" + WILDCARD),
        # key = value, unless that is the next key.
        (r"([\w)\]] ?=) [^\s,;&\]\)\}\(\[\{<>\"'=]+([\s,;&\]\)}]|$)", rf"\1 {WILDCARD}\2"),
    ),
    # A pair with a colon, where brackets or commas set it off from the wording.
    _where(
        (": ",),
        *(2 * ((r"([\[({,;]\s?[A-Za-z_][\w -]{0,40}:\s)[\w.-]+([\]),;}])", rf"\1{WILDCARD}\2"),)),
    ),
    # The path of a request is its operation; other paths and URLs are values, as are files.
    _where(
        ("T /", "D /", "E /", "H /", "S /"),
        (rf"\b({_METHOD}) /", rf"\1 {_ROUTE}/"),
    ),
    _where(
        ("://",),
        (rf"{_BEFORE}[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>()\[\],;]*", rf"\1{WILDCARD}"),
    ),
    _where(
        ("/",),
        (rf"/(?<![^\s\"'(\[<=:,|]/){_PATH}+(?:/{_PATH}*[:#?&]?)+", WILDCARD),
    ),
    _where(
        ("/",),
        (
            rf"(^|[\s\"'\(\[=:,{_ROUTE}])/?[\w.%@~+-]*(?:/[\w.%@~+:#?&-]*[0-9][\w.%@~+:#?&-]*)(?:/[\w.%@~+:#?&-]*)*",
            r"\1" + WILDCARD,
        ),
    ),
    _where(
        (":\\",),
        (rf"{_BEFORE}[a-zA-Z]:\\[^\s\"'<>,;()\[\]]*", rf"\1{WILDCARD}"),
    ),
    # Mail addresses and hosts.
    _where(
        ("@",),
        (r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", WILDCARD),
    ),
    _where(
        (".",),
        # With a dot in what comes before the slash it is a host or a package.
        (rf"(?<![\w.-])[\w-]+(?:\.[\w-]+)+/{_PATH}+(?:/{_PATH}+)*", WILDCARD),
        (rf"(?<![\w.-])(?:[\w-]+\.)+{_TOP_LEVEL}(:a0)?([^\w.@-]|\.?$|\.\s)", rf"{WILDCARD}\2"),
    ),
    # Whoever is named as a user.
    _where(
        ("user ", "User ", "account "),
        (rf"\b((?:for|of|by|as|with|from) (?:user|account)) {_NAME}", rf"\1 {WILDCARD}"),
        (
            r"\b((?:[iI]nvalid|[iI]llegal|[uU]nknown|[bB]ad) (?:user|account))"
            rf" {_NAME}( (?:from|by|on|at|via)\b| ?[\[(,])",
            rf"\1 {WILDCARD}\2",
        ),
        (rf"\b([uU]ser) {_NAME}( (?:from|logged|signed|connected|joined|authenticated)\b)", rf"\1 {WILDCARD}\2"),
    ),
    _where(
        (" for ",),
        (
            r"\b((?:[pP]assword|publickey|credentials|auth|[aA]uthentication|failures?|[lL]ogin|[lL]ogon) for)"
            rf" {_NAME}( (?:from|by|on|at|via)\b| ?[\[(,]|$)",
            rf"\1 {WILDCARD}\2",
        ),
    ),
    # A quoted word is somebody's, not the author's.
    _where(
        ('"', "'", "”", "」"),
        (r"(^|[\s(\[{:=,])'[^'\s]+'", rf"\1'{WILDCARD}'"),
        (r"(^|[\s(\[{:=,])\"[^\"\s]+\"", rf'\1"{WILDCARD}"'),
        (r"([“「])[^”」\s]+([”」])", rf"\1{WILDCARD}\2"),
    ),
    _where(
        ("rue", "alse", "RUE", "ALSE"),
        (r"\b(?:[Tt]rue|[Ff]alse|TRUE|FALSE)\b", WILDCARD),
    ),
    # The name before a colon is a label where a pair begins, or a line if it is not all lower case, as a host would be.
    _where(
        (":a0", ":-a0"),
        (r":(?<=[A-Za-z_]{3}:)(-?a0)", rf":{_LABEL}\1"),
    ),
    _where(
        (_LABEL,),
        (rf"([,;({{]\s?)([A-Za-z_]{{3,}}):{_LABEL}-?a0", rf"\1\2:{WILDCARD}"),
        (rf"^([A-Za-z_]*[A-Z][A-Za-z_]+):{_LABEL}-?a0", rf"\1:{WILDCARD}"),
        (_LABEL, ""),
    ),
    # Long hexadecimal words without a digit are rare and still values.
    _where(
        ("",),
        (r"\b[a-fA-F]{16,}\b", WILDCARD),
    ),
)

# Once every word with a digit is a wildcard.
LAST_STAGES: tuple[Stage, ...] = (
    # A bracketed list of bare words is a value, however long.
    _where(
        ("[",),
        (r"\[[\w.-]+(?:, ?[\w.-]+)+\]", "[" + WILDCARD + "]"),
    ),
    # Runs of values are one value, so that lists of any length have one shape.
    _where(
        ('>"', ">'"),
        (r"\"<\*>\"(?:[\s,;]*\"<\*>\")+", f'"{WILDCARD}"'),
        (r"'<\*>'(?:[\s,;]*'<\*>')+", f"'{WILDCARD}'"),
    ),
    _where(
        (WILDCARD,),
        (r"<\*>(?:[\s,;/|:-]*<\*>)+", WILDCARD),
    ),
    _where(
        (_KEY,),
        (_KEY, '"'),
    ),
    _where(
        (_ROUTE,),
        (" " + _ROUTE, " "),
    ),
    _where(
        ("  ", "\t", "\f", "\v"),
        (r"\s+", " "),
    ),
)

# Without one of these most stages have nothing to do.
PUNCTUATION = re.compile(r"[\"'“「”」=@<(\[{\\]")


def _plain(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    return tuple(stage for stage in stages if any(not PUNCTUATION.search(sign) for sign in stage.signs))


# The same for outlines without punctuation.
PLAIN_STAGES = _plain(STAGES)
