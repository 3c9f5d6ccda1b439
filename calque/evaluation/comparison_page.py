"""A comparison to look at: Markdown, and one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calque.evaluation import markup, plot
from calque.evaluation.metrics import LOWER_IS_BETTER
from calque.evaluation.testset import ALL
from calque.evaluation.words import differences
from calque.model.disk import told
from calque.records import Comparison, Score

COSTS = ("sentences/s", "size", "parameters", "peak memory", "licence")
TESTS = (
    *("test text", "metric", "first", "second", "difference", "p bootstrap", "p randomisation", "p seeds"),
    *("p corrected", "better"),
)
_MARKS = "<ins>Underlined</ins>: words that the other system does not say there."


def markdown(comparison: Comparison) -> str:
    """The comparison as Markdown, with tags where two systems' words differ."""
    details = comparison.details
    tests = [[markup.plain(cell) for cell in tested(row)] for row in comparison.tests]
    costs = [[markup.plain(cell) for cell in (one["name"], *cost(one))] for one in comparison.systems]
    parts = [
        f"# {markup.plain(_title(comparison))}",
        markup.plain(_summary(details)),
        f"**{markup.plain(comparison.why)}**",
        "## Scores",
        *_markdown_scores(comparison),
        "\n".join(f"- {markup.plain(note)}" for note in remarks(details)),
        "## Tests",
        markup.table(TESTS, tests),
        "## Speed, size, licence",
        markup.table(["system", *COSTS], costs),
        "## Buckets",
        "\n".join(f"- {markup.plain(sentence)}" for sentence in findings(details)),
        _markdown_buckets(comparison),
        *(_markdown_apart(row) for row in details["apart"]),
        "## Recipe",
        markup.indented(markup.toml(comparison.recipe)),
        "## Versions",
        "\n".join(f"- {name} {version}" for name, version in comparison.versions.items()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def html(comparison: Comparison) -> str:
    """The comparison as one page without scripts or outside resources, for light and dark screens of any width."""
    details = comparison.details
    names = list(comparison.systems[0]["scores"])
    return markup.page(
        "comparison.html",
        title=_title(comparison),
        summary=markup.html(_summary(details)),
        why=markup.html(comparison.why),
        legend="".join(_legend(i, one["name"]) for i, one in enumerate(comparison.systems, 1)),
        scores="".join(_metric(comparison.systems, name) for name in names),
        remarks=markup.items(remarks(details)),
        sets=_sets(comparison),
        level=f"{comparison.recipe['level']:g}",
        tests=_tests(comparison, ALL),
        plots="".join(_plots(comparison)),
        costs=markup.rows(
            ["system", *COSTS], [(one["name"], *cost(one)) for one in comparison.systems], numbers=range(1, 5)
        ),
        most=markup.items(findings(details)),
        buckets="".join(_bucket(row, comparison.systems, comparison.recipe["level"]) for row in details["buckets"]),
        apart="".join(_apart(row, details) for row in details["apart"]),
        recipe=markup.html(markup.toml(comparison.recipe)),
        versions=markup.items(f"{name} {version}" for name, version in comparison.versions.items()),
    )


def tested(row: Mapping[str, Any]) -> list[str]:
    """A row of tests in words."""
    ps = [_p(row[method]["p"]) if row[method] else "–" for method in ("bootstrap", "randomisation", "seeds")]
    better = row["better"] or "no difference"
    return [row["set"], row["metric"], *row["systems"], f"{row['difference']:+.2f}", *ps, _p(row["p"]), better]


def cost(system: Mapping[str, Any]) -> list[str]:
    """Speed, size, parameters, memory and licence in words."""
    pace, size, parameters = system["sentences_per_second"], system["size"], system["parameters"]
    return [
        "–" if pace is None else f"{pace:,.1f}",
        "–" if size is None else told(size),
        "–" if parameters is None else f"{parameters / 1e6:,.1f} M",
        "–" if system["peak_memory"] is None else told(system["peak_memory"]),
        system["licence"] or "unknown",
    ]


def findings(details: Mapping[str, Any]) -> list[str]:
    """For each two systems, in which bucket they differ most."""
    found = []
    for row in details["apart"]:
        one, other = row["systems"]
        most = row["most"]
        if most is None:
            found.append(f"{one} and {other}: no bucket stands out from the other sentences.")
            continue
        found.append(
            f"{one} and {other} differ most in {most['family']}, {most['name']}: {most['difference']:+.2f} chrF2 in "
            f"{_sentences(most['sentences'])} (corrected p = {_p(most['corrected'])}), elsewhere "
            f"{most['elsewhere']:+.2f}."
        )
    return found


def bucket_rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of a table of all buckets, in words."""
    names = [one["name"] for one in comparison.systems]
    rows = []
    for row in comparison.details["buckets"]:
        errors = row.get("errors")
        scores = [f"{row['chrF2'][name]:.2f}" + (f" ({_count(errors[name])}×)" if errors else "") for name in names]
        rows.append([row["family"], row["name"], f"{row['sentences']:,}", *scores])
    return ["family", "bucket", "sentences", *names], rows


def _p(value: float) -> str:
    return f"{value:.4f}"


def _title(comparison: Comparison) -> str:
    names = [one["name"] for one in comparison.systems]
    return f"{', '.join(names[:-1])} and {names[-1]}: {comparison.details['source']} to {comparison.details['target']}"


def _summary(details: Mapping[str, Any]) -> str:
    test, machine = details["test"], details["machine"]
    return (
        f"{_sentences(test['pairs'])} ({', '.join(test['files'])}), text {test['sha256']}; on {machine['platform']} "
        f"with {machine['processors']} processors."
    )


def remarks(details: Mapping[str, Any]) -> list[str]:
    """What a reader must know, and what was left out."""
    return [*details["notes"], *(f"{name}: {reason}." for name, reason in details["omitted"].items())]


def _spread(system: Mapping[str, Any], name: str) -> str:
    """The deviation over runs in words; nothing where there is one run."""
    if not system["deviation"]:
        return ""
    return f"standard deviation {system['deviation'][name]:.2f} over {len(system['runs'])} runs"


def _count(value: float) -> str:
    """A number of sentences, which the mean over runs need not make a whole one."""
    return f"{value:,.0f}" if abs(value - round(value)) < 0.05 else f"{value:,.1f}"


def _sentences(count: int) -> str:
    return f"{count:,} sentence{'s' * (count != 1)}"


# Markdown


def _markdown_scores(comparison: Comparison) -> list[str]:
    parts = []
    sets = [row["name"] for row in comparison.details["test"]["sets"]]
    for place in (ALL, *sets):
        rows = []
        for one in comparison.systems:
            scores: Mapping[str, Score] = one["scores"] if place == ALL else one["sets"][place]
            for name, found in scores.items():
                spread = _spread(one, name) if place == ALL else ""
                cells = [name, markup.plain(one["name"]), markup.number(found.value), markup.interval(found)]
                rows.append([*cells, spread, markup.code(found.signature)])
        rows.sort(key=lambda row: list(comparison.systems[0]["scores"]).index(row[0]))
        parts += [f"### {markup.plain(place)}"] if sets else []
        parts.append(markup.table(["metric", "system", "value", "95 % interval", "runs", "signature"], rows))
    return parts


def _markdown_buckets(comparison: Comparison) -> str:
    head, rows = bucket_rows(comparison)
    return markup.table([*map(markup.plain, head)], [[markup.plain(cell) for cell in row] for row in rows])


def _markdown_apart(row: Mapping[str, Any]) -> str:
    head = f"## {markup.plain(row['systems'][0])} beside {markup.plain(row['systems'][1])}"
    return "\n\n".join([head, _MARKS, *(_markdown_sentence(row["systems"], one) for one in row["sentences"])])


def _markdown_sentence(names: Sequence[str], row: Mapping[str, Any]) -> str:
    stretches = differences(*row["said"])
    said = [
        f"  - {markup.plain(name)} ({value:.1f}): {markup.tagged(words, 'ins')}"
        for name, value, words in zip(names, row["chrF2"], stretches, strict=True)
    ]
    place = f"- {markup.plain(row['origin'])}:{row['line']}"
    texts = [f"  - source: {markup.plain(row['source'])}", f"  - reference: {markup.plain(row['reference'])}"]
    return "\n".join([place, *texts, *said])


# HTML


def _legend(number: int, name: str) -> str:
    square = f"<svg viewBox='0 0 10 10' aria-hidden=true><rect class={plot.colour(number)} width=10 height=10 /></svg>"
    return f"<li>{square} {markup.html(name)}</li>"


def _metric(systems: Sequence[Mapping[str, Any]], name: str, place: str = ALL) -> str:
    """A metric as a card: a bar for each system, with its interval."""
    found: list[Score] = [one["scores"][name] if place == ALL else one["sets"][place][name] for one in systems]
    full = max(100.0, *(score.high for score in found))
    bars = "".join(
        markup.bar(one["name"], score.value, full, plot.colour(number), (score.low, score.high))
        for number, (one, score) in enumerate(zip(systems, found, strict=True), 1)
    )
    better = " <small>lower is better</small>" if name in LOWER_IS_BETTER else ""
    said = [
        f"{one['name']}: {markup.interval(score)}{', ' * bool(_spread(one, name))}{_spread(one, name)}"
        for one, score in zip(systems, found, strict=True)
    ]
    intervals = f"<p><small>95 % intervals: {markup.html('; '.join(said))}</small></p>"
    return (
        f"<article><h3>{markup.html(name)}{better}</h3><dl class=bars>{bars}</dl>{intervals}"
        f"{markup.signed(found[0].signature)}</article>"
    )


def _sets(comparison: Comparison) -> str:
    """The scores of each place of the test text, where there are several."""
    parts = []
    for row in comparison.details["test"]["sets"]:
        cards = "".join(_metric(comparison.systems, name, row["name"]) for name in comparison.systems[0]["scores"])
        head = f"{markup.html(row['name'])} <small>{_sentences(row['pairs'])}</small>"
        tests = f"<div class=wide><table>{_tests(comparison, row['name'])}</table></div>"
        parts.append(f"<details><summary>{head}</summary><div class=grid>{cards}</div>{tests}</details>")
    return "".join(parts)


def _tests(comparison: Comparison, place: str) -> str:
    """The rows of a table of the tests on a part of the text."""
    some = [row for row in comparison.tests if row["set"] == place]
    clear = [row["better"] is not None for row in some]
    return markup.rows(TESTS[1:], [tested(row)[1:] for row in some], numbers=range(3, 8), clear=clear)


def _plots(comparison: Comparison) -> list[str]:
    """Quality against speed, and against size."""
    metric = comparison.recipe["metric"]
    kinds = [
        ("sentences_per_second", "sentences a second", False, 1.0),
        ("size", "size in MB", True, 1e6),
    ]
    drawn = []
    for key, title, smaller, unit in kinds:
        points = [
            plot.Point(number, one[key] / unit, score.value, score.low, score.high)
            for number, one in enumerate(comparison.systems, 1)
            for score in (one["scores"][metric],)
            if one[key]
        ]
        if points:
            picture = plot.pareto(points, title, metric, smaller, metric in LOWER_IS_BETTER)
            drawn.append(f"<figure>{picture}</figure>")
    return drawn or ["<p>Speed and size of files of translations are not known.</p>"]


def _bucket(row: Mapping[str, Any], systems: Sequence[Mapping[str, Any]], level: float) -> str:
    """A bucket as a card: a bar for each system, how often it made the error, and the significant differences."""
    errors = row.get("errors")
    bars = "".join(
        markup.bar(
            one["name"] + (f" ({_count(errors[one['name']])}×)" if errors else ""),
            row["chrF2"][one["name"]],
            100,
            plot.colour(number),
        )
        for number, one in enumerate(systems, 1)
    )
    head = f"{markup.html(row['family'])}: {markup.html(row['name'])} <small>{_sentences(row['sentences'])}</small>"
    clear = [
        f"{test['systems'][0]} − {test['systems'][1]}: {test['difference']:+.2f}, p = {_p(test['corrected'])}"
        for test in row["tests"]
        if test["corrected"] < level
    ]
    told = f"<p><small>{markup.html('; '.join(clear))}</small></p>" if clear else ""
    return f"<article><h3>{head}</h3><dl class=bars>{bars}</dl>{told}</article>"


def _apart(row: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    names = row["systems"]
    cards = "".join(_side_by_side(names, one, details) for one in row["sentences"])
    head = f"{markup.html(names[0])} beside {markup.html(names[1])}"
    body = f"<div class=worst>{cards or '<p>No sentence differs.</p>'}</div>"
    return f"<details open><summary>{head}</summary>{body}</details>"


def _side_by_side(names: Sequence[str], row: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    """A sentence and what two systems make of it."""
    source, target = details["source"], details["target"]
    said = [
        (f"{name}, chrF2 {value:.1f}", target, markup.marked(words, "mark"))
        for name, value, words in zip(names, row["chrF2"], differences(*row["said"]), strict=True)
    ]
    texts = [
        ("source", source, markup.html(row["source"])),
        ("reference", target, markup.html(row["reference"])),
        *said,
    ]
    place = f"<small>{markup.html(row['origin'])}:{row['line']}</small>"
    return f"<article><h3>{place}</h3>{markup.texts(texts)}</article>"
