"""`wce explain`: where the number comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from wce_cli.cli import completion, options
from wce_cli.cli.delivery import say
from wce_cli.cli.outcome import CANNOT_ANSWER, Outcome
from wce_cli.errors import Problem, WceError
from wce_cli.ranks import this_rank

if TYPE_CHECKING:
    from wce_cli.cli.answers import Answer
    from wce_cli.loss.batch import Batch

EXAMPLES = (
    "wce explain --logits '0.1 0.9; 0 0.1' --labels 0,1 --weight 0.1,1",
    "wce explain samples/two-samples.json --weight 1,1",
    "wce explain - --format json < samples/two-samples.json",
)
CODES = ("0 explained, whatever the number is (nan too)", "2 cannot answer: the batch or an option is wrong")


def explain(
    files: options.Files = None,
    logits: options.Logits = None,
    log_probs: options.LogProbs = None,
    probs: options.Probs = None,
    labels: options.Labels = None,
    weight: options.Weight = None,
    sample_weight: options.SampleWeight = None,
    classes: options.Classes = None,
    ignore_index: options.IgnoreIndex = None,
    label_base: options.LabelBase = None,
    label_smoothing: options.LabelSmoothing = None,
    label_column: options.LabelColumn = None,
    engine: options.Engines = None,
    method: options.Methods = None,
    format: options.Format = None,
    output: options.Output = None,
    json_out: options.JsonOut = None,
    ndjson_out: options.NdjsonOut = None,
    csv_out: options.CsvOut = None,
    markdown_out: options.MarkdownOut = None,
    html_out: options.HtmlOut = None,
    svg_out: options.SvgOut = None,
    totals_out: options.TotalsOut = None,
    only: options.Only = None,
    rows: options.Rows = None,
    sort: options.Sort = "index",
    top: options.Top = None,
    findings: options.Findings = None,
    precision: options.Precision = None,
    width: options.Width = None,
    color: options.Color = "auto",
    keep_going: options.KeepGoing = False,
    split: options.Split = None,
    ranks: options.Ranks = None,
    shuffle: options.Shuffle = None,
    gradient: options.Gradient = False,
) -> Outcome:
    """Show where a loss comes from: terms, weights, denominators.

    Each sample's term and weight, the loss by each method, what PyTorch returns, and the denominator that
    explains the difference. Without FILE and scores, a JSON batch is read from stdin. Options override the
    fields of FILE. What PyTorch, Keras and scikit-learn call them is understood too: --input, --target, --y-true.
    """
    from wce_cli.cli.answers import asked_answers, outcome
    from wce_cli.engines import AUTO, NONE, engines_of
    from wce_cli.formats import FORMATS, GRADIENT, SPLIT

    is_cut = any(option is not None for option in (split, ranks, shuffle))
    if is_cut and gradient:
        raise WceError(Problem("--gradient shows the whole batch", "--split says by itself what gradients become"))
    engines = engines_of(engine or [AUTO])
    options.one_of("--sort", sort, completion.sorts())
    if is_cut or gradient:
        from wce_cli.cli.split import of_split, refuse

        refuse(
            "where the batch is cut into parts" if is_cut else "beside --gradient",
            {
                "--only": only is not None,
                "--sort": sort != "index",
                "--top": top is not None,
                "--engine": bool(set(engine or ()) - {AUTO, NONE}),
                "--totals-out": totals_out is not None,
                "--ndjson-out": ndjson_out is not None,
                "--keep-going": keep_going,
            },
        )
    answers = asked_answers(
        format=format,
        output=output,
        only=only,
        beside={
            "json": json_out,
            "ndjson": ndjson_out,
            "csv": csv_out,
            "markdown": markdown_out,
            "html": html_out,
            "svg": svg_out,
        },
        rows=rows,
        sort=sort,
        findings=findings,
        precision=precision,
        width=width,
        color=color,
        methods=method,
        totals=totals_out,
        known=SPLIT if is_cut else GRADIENT if gradient else FORMATS,
    )

    from wce_cli.cli.batches import batches_of, read_sources, saved_files
    from wce_cli.cli.draft import drafted
    from wce_cli.cli.listing import first_rows, listing, lists_many
    from wce_cli.cli.live import live_table
    from wce_cli.cli.progress import progress_bar
    from wce_cli.formats.cells import rounding_note
    from wce_cli.inputs.lines import are_lines
    from wce_cli.loss.facts import TOP
    from wce_cli.loss.stream import listing_pass
    from wce_cli.questions.explain import explain_and_share
    from wce_cli.questions.order import rows_needed

    typed = {
        "logits": logits,
        "log_probs": log_probs,
        "probs": probs,
        "labels": labels,
        "weight": weight,
        "sample_weight": sample_weight,
        "classes": classes,
        "ignore_index": ignore_index,
        "label_base": label_base,
        "label_smoothing": label_smoothing,
    }
    largest = TOP if top is None else options.whole_number("--top", top, 0, 1000)
    if not any(answer.has_measured for answer in answers):  # then nobody would see it
        engines = ()
    rank, parts = this_rank(), saved_files(files or [])
    if is_cut or gradient:
        if parts:
            what = "cut into parts" if is_cut else "have a gradient"
            raise WceError(Problem(f"saved totals hold no samples to {what}", "give the batch itself"))
        if rank is not None and rank.number > 0:
            return Outcome("")  # the first answers for all
        if gradient:
            from wce_cli.cli.gradient import of_gradient

            return of_gradient(answers, files or [], typed, label_column, method)
        return of_split(answers, files or [], typed, label_column, size=split, ranks=ranks, shuffle=shuffle)
    if rank is not None and parts and rank.number > 0:
        return Outcome("")  # the first answers for all
    if parts:
        from wce_cli.cli.parts import of_parts

        needs = {
            "--rows": rows is not None,
            "--sort": sort != "index",
            "--only terms": only == "terms",
            "--label-column": label_column is not None,
        }
        asked = None if top is None else largest
        return of_parts(answers, parts, typed, needs=needs, has_engines=bool(engines), top=asked, totals_out=totals_out)
    if rank is not None:
        from wce_cli.cli.shares import of_ranks

        return of_ranks(
            rank,
            answers,
            files or [],
            typed,
            label_column,
            sort=sort,
            top=largest,
            totals_out=totals_out,
            has_engines=bool(engines),
        )
    sources = read_sources(files or [], typed, label_column)
    if totals_out is None and all(answer.format.part for answer in answers) and are_lines(sources.paths):
        from wce_cli.cli.many import explain_lines

        return explain_lines(sources, answers, engines, sort, largest, keep_going)
    wrong: list[WceError] = []
    batches, notes = batches_of(sources, label_column, wrong.append if keep_going else None)
    if totals_out is not None and len(batches) > 1:
        raise WceError(Problem(f"--totals-out saves one batch, and there are {len(batches)}", "give each its own run"))
    say(line for error in wrong for line in error.lines())
    if wrong and not batches:
        raise WceError(Problem("none of the batches can be answered"))
    if totals_out is not None and batches[0].spec.half_units:
        notes = (*notes, f"{totals_out} does not hold how far rounded inputs leave the answers open")
    explained, saved = [], []
    many = lists_many(answers, batches, sort)
    with (
        progress_bar() as progress,
        live_table(answers, engines) as show,
        drafted(answers, engines, len(batches), notes) as draft,
    ):
        told = draft.show if draft.is_possible else show
        for batch in batches:
            rows_held = first_rows(answers, batch) if many else _rows(answers, batch)
            needed = rows_needed(sort, batch.n_samples, rows_held)
            totals, facts, listed = listing_pass(batch, needed, progress=progress, top=largest)
            explained.append(explain_and_share(batch, totals, facts, engines, rows_held, sort, listed, told))
            if totals_out is not None:
                from wce_cli.inputs.totals import as_text
                from wce_cli.loss.saved import Saved

                saved.append((totals_out, as_text(Saved.of(batch.spec, batch.scores.shape, totals, facts))))
        reports = [report for report, _ in explained]
        notes = (*notes, *(note for report in reports for note in rounding_note(report)))
        answer = listing(answers, batches, explained, notes, saved) if many else outcome(answers, reports, notes)
        if not many:
            answer = structs.replace(answer, files=(*answer.files, *saved))
        return draft.over(structs.replace(answer, code=CANNOT_ANSWER) if wrong else answer)


def _rows(answers: Sequence[Answer], batch: Batch) -> int:
    """The samples that any of the answers lists."""
    return max(answer.rows(batch.n_samples) for answer in answers)
