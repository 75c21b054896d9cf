"""`wce explain`: where the number comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from msgspec import structs

from wce_cli.cli import completion, options
from wce_cli.cli.delivery import say
from wce_cli.cli.groups import AnswerOptions, BatchOptions
from wce_cli.cli.outcome import CANNOT_ANSWER, Outcome
from wce_cli.cli.ranks import this_rank
from wce_cli.errors import Problem, WceError
from wce_cli.formats import formats_of

if TYPE_CHECKING:
    from wce_cli.answers.report import Report
    from wce_cli.batches.batch import Batch
    from wce_cli.cli.batches import Sources
    from wce_cli.cli.destinations import Destination

FORMATS = formats_of("explain")
EXAMPLES = (
    "wce explain --logits '0.1 0.9; 0 0.1' --labels 0,1 --weight 0.1,1",
    "wce explain samples/two-samples.json --weight 1,1",
    "wce explain - --format json < samples/two-samples.json",
)
CODES = ("0 explained, whatever the number is (nan too)", "2 cannot answer: the batch or an option is wrong")


def explain(
    files: options.Files = None,
    *,
    typed: BatchOptions,
    keep_going: options.KeepGoing = False,
    engine: options.Engines = None,
    method: options.Methods = None,
    only: options.Only = None,
    rows: Annotated[str | None, options.rows_of("Samples", "20; in JSON 10000, in CSV all")] = None,
    by_sample: options.BySample = False,
    sort: options.Sort = "index",
    top: options.Top = None,
    findings: options.Findings = None,
    how: AnswerOptions,
    format: Annotated[str | None, options.format_of(FORMATS)] = None,
    save: Annotated[list[str] | None, options.save_of(FORMATS)] = None,
    totals_out: options.TotalsOut = None,
) -> Outcome:
    """Show where a loss comes from: terms, weights, denominators.

    Each sample's term and weight, the loss by each method, what PyTorch returns, and the denominator that
    explains the difference. Without FILE and scores, a JSON batch is read from stdin. Options override the
    fields of FILE. What PyTorch, Keras and scikit-learn call them is understood too: --input, --target, --y-true.
    """
    from wce_cli.cli.destinations import asked_answers
    from wce_cli.engines import AUTO, engines_of

    engines: Sequence[str] = engines_of(engine or [AUTO])
    options.one_of("--sort", sort, completion.sorts())
    answers = asked_answers(
        FORMATS,
        how,
        format,
        save,
        only=only,
        rows=rows,
        by_sample=by_sample,
        sort=sort,
        findings=findings,
        methods=method,
        totals=totals_out,
    )

    from wce_cli.cli.batches import read_sources, saved_files
    from wce_cli.loss.facts import TOP

    largest = TOP if top is None else options.whole_number("--top", top, 0, 1000)
    if not any(answer.has_measured for answer in answers):  # then nobody would see it
        engines = ()
    rank, parts = this_rank(), saved_files(files or [])
    if parts:
        if rank is not None and rank.number > 0:
            return Outcome("")  # the first answers for all
        from wce_cli.cli.saved_totals import of_parts

        needs = {
            "--rows": rows is not None,
            "--by-sample": by_sample,
            "--sort": sort != "index",
            "--only terms": only == "terms",
            "--label-column": typed.label_column is not None,
        }
        asked = None if top is None else largest
        return of_parts(
            answers, parts, typed.fields, needs=needs, has_engines=bool(engines), top=asked, totals_out=totals_out
        )
    if rank is not None:
        if by_sample:
            raise WceError(Problem("--by-sample is not answered under torchrun", "leave one of them out"))
        from wce_cli.cli.torchrun import of_ranks

        return of_ranks(
            rank,
            answers,
            files or [],
            typed.fields,
            typed.label_column,
            sort=sort,
            top=largest,
            totals_out=totals_out,
            has_engines=bool(engines),
        )
    sources = read_sources(files or [], typed.fields, typed.label_column)
    if totals_out is None and all(answer.format.comes_in_parts for answer in answers):
        from wce_cli.inputs.lines import are_lines

        if are_lines(sources.paths):
            from wce_cli.cli.explain_lines import explain_lines

            return explain_lines(sources, answers, engines, sort, largest, keep_going)
    batches, notes, failed = _batches(sources, typed.label_column, totals_out, keep_going)
    answer = _explained(answers, batches, notes, engines, sort, largest, totals_out)
    return structs.replace(answer, code=CANNOT_ANSWER) if failed else answer


def _batches(
    sources: Sources, label_column: str | None, totals_out: str | None, keep_going: bool
) -> tuple[list[Batch], tuple[str, ...], bool]:
    """The batches, notes on them, and whether some are left out because they are wrong, of which stderr says why."""
    from wce_cli.cli.batches import batches_of

    wrong: list[WceError] = []
    batches, notes = batches_of(sources, label_column, wrong.append if keep_going else None)
    if totals_out is not None and len(batches) > 1:
        raise WceError(Problem(f"--totals-out saves one batch, and there are {len(batches)}", "give each its own run"))
    say(line for error in wrong for line in error.lines())
    if wrong and not batches:
        raise WceError(Problem("none of the batches can be answered"))
    if totals_out is not None and batches[0].spec.half_units:
        notes = (*notes, f"{totals_out} does not hold how far rounded inputs leave the answers open")
    return batches, notes, bool(wrong)


def _explained(
    answers: Sequence[Destination],
    batches: Sequence[Batch],
    notes: Sequence[str],
    engines: Sequence[str],
    sort: str,
    top: int,
    totals_out: str | None,
) -> Outcome:
    """The answer for some batches, each after one pass over it."""
    from wce_cli.cli.destinations import outcome, samples_needed
    from wce_cli.cli.progress import progress_bar
    from wce_cli.formats.cells import rounding_note
    from wce_cli.passes.one_pass import listing_pass
    from wce_cli.questions.explain.of_batch import TERMS_LISTED, explain_and_share
    from wce_cli.questions.explain.order import rows_needed

    explained: list[tuple[Report, float | None]] = []
    saved: list[tuple[str, str]] = []
    many = False
    if any(batch.n_samples > TERMS_LISTED for batch in batches):
        from wce_cli.cli.long_listing import first_rows, listing, lists_many

        many = lists_many(answers, batches, sort)
    with progress_bar() as progress, _watched(answers, engines, len(batches), notes) as (told, drawn_over):
        for batch in batches:
            rows_held = first_rows(answers, batch) if many else _rows(answers, batch)
            needed = rows_needed(sort, batch.n_samples, rows_held)
            samples = samples_needed(answers, batch)
            passed = listing_pass(batch, needed, progress=progress, top=top, by_item=samples > 0)
            totals, facts, listed, items = passed
            explained.append(
                explain_and_share(batch, totals, facts, engines, rows_held, sort, listed, told, items, samples)
            )
            if totals_out is not None:
                from wce_cli.inputs.totals import as_text
                from wce_cli.saved.part import Saved

                saved.append((totals_out, as_text(Saved.of(batch.spec, batch.scores.shape, totals, facts))))
        reports = [report for report, _ in explained]
        notes = (*notes, *(note for report in reports for note in rounding_note(report)))
        if many:
            return drawn_over(listing(answers, batches, explained, notes, saved))
        answer = outcome(answers, reports, notes)
        return drawn_over(structs.replace(answer, files=(*answer.files, *saved)))


@contextmanager
def _watched(
    answers: Sequence[Destination], engines: Sequence[str], n_batches: int, notes: Sequence[str]
) -> Iterator[tuple[Callable[[Report], None] | None, Callable[[Outcome], Outcome]]]:
    """What to show a report to that frameworks have still to complete, None for nobody, and what puts the answer over
    what was drawn of it."""
    if not engines:
        yield None, lambda answer: answer
        return
    from wce_cli.cli.draft import drafted
    from wce_cli.cli.live import live_table

    with live_table(answers, engines) as show, drafted(answers, engines, n_batches, notes) as draft:
        yield draft.show if draft.is_possible else show, draft.over


def _rows(answers: Sequence[Destination], batch: Batch) -> int:
    """How many samples the report must list: as many as the answer that lists most."""
    return max(answer.rows(batch.n_samples) for answer in answers)
