using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Telemetry;
using OtpActors.Triggers;

namespace OtpActors.Api;

/// <summary><c>/api/runs</c>: start, list, show and steer runs.</summary>
internal static class RunEndpoints
{
    public static void MapRuns(this RouteGroupBuilder api)
    {
        var runs = api.MapGroup("/runs").WithTags("Runs");
        runs.MapPost("", StartAsync).Needs(ApiScope.Operate)
            .WithSummary("Start a run")
            .WithDescription(
                "Answers once the run is journaled and will happen, whatever happens to the service. With the header "
                + "Idempotency-Key the same key gives the same run, for as long as that is kept; a request in other words under a key "
                + "that is taken is refused. An empty object asks for the tutorial's run.")
            .Produces<RunDocument>(202).Produces<RunDocument>(200).ProducesProblem(400).ProducesProblem(422);
        runs.MapGet("", ListAsync).Needs(ApiScope.Read)
            .WithSummary("List runs, the newest request first").ProducesProblem(400);
        runs.MapGet("/{id}", GetAsync).Needs(ApiScope.Read)
            .WithSummary("Show a run: state, steps, attempts, counters, timeline").ProducesProblem(404);
        runs.MapGet("/{id}/log", LogAsync).Needs(ApiScope.Read)
            .WithSummary("Show a run's log")
            .WithDescription(
                "A line for each fact of the timeline, as a sentence, and between these what the service's log has said of the run since the "
                + "service started: the last 500 of each. With order=newest the newest comes first, and next leads to earlier lines.")
            .ProducesProblem(400).ProducesProblem(404);
        runs.MapPost("/{id}/again", AgainAsync).Needs(ApiScope.Operate)
            .WithSummary("Make a run's request again, as a new run")
            .WithDescription(
                "The service has what it answers masked or not at all: the address, its password, given records. Generated addresses and "
                + "passwords are other ones. Given records are there until their run has completed, then the answer is 410. Without a body "
                + "nothing is changed. Idempotency-Key as for POST /api/runs.")
            .Produces<RunDocument>(202).Produces<RunDocument>(200)
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(410).ProducesProblem(422);
        runs.MapPost("/{id}/cancel", CancelAsync).Needs(ApiScope.Operate)
            .WithSummary("End a run").WithDescription("What is stored stays stored.").ProducesProblem(404).ProducesProblem(409);
        runs.MapPost("/{id}/pause", PauseAsync).Needs(ApiScope.Operate)
            .WithSummary("Pause a run")
            .WithDescription("What is in progress is finished. The run keeps its turn on the topic, and its deadline goes on counting.")
            .ProducesProblem(404).ProducesProblem(409);
        runs.MapPost("/{id}/resume", ResumeAsync).Needs(ApiScope.Operate)
            .WithSummary("Go on with a paused run").ProducesProblem(404).ProducesProblem(409);
        runs.MapPost("/{id}/steps/{step}/retry", RetryAsync).Needs(ApiScope.Operate)
            .WithSummary("Try a step once more")
            .WithDescription(
                "For a step that failed, was cancelled or waits for its next attempt; a run that has ended is opened again. A sink "
                + "that is done can be retried too once the run has ended: it writes the run's records again, which adds what its "
                + "store has lost and counts nothing, then the store is checked and addresses that came back are notified. What "
                + "happened stays in the timeline; what is stored, counted and sent stays.")
            .ProducesProblem(404).ProducesProblem(409);
        runs.MapRunEvents();
    }

    private static async Task<Results<Accepted<RunDocument>, Ok<RunDocument>>> StartAsync(
        RunRequest request,
        [FromHeader(Name = "Idempotency-Key"), Description("The caller's own name for this request: 1 to 200 visible ASCII characters.")] string? key,
        RunStarter starter, TimeProvider time, CancellationToken cancellationToken)
    {
        var (runId, trigger) = TriggerOf(key, time);
        return Answer(await starter.StartAsync(runId, request, trigger, cancellationToken));
    }

    private static async Task<Results<Accepted<RunDocument>, Ok<RunDocument>>> AgainAsync(
        string id, AgainRequest? request,
        [FromHeader(Name = "Idempotency-Key"), Description("The caller's own name for this request: 1 to 200 visible ASCII characters.")] string? key,
        RunDirectory runs, RunStarter starter, TimeProvider time, CancellationToken cancellationToken)
    {
        var (runId, trigger) = TriggerOf(key, time);
        return Answer(await starter.StartAgainAsync(runId, await runs.GetAsync(id, cancellationToken), request ?? new AgainRequest(), trigger, cancellationToken));
    }

    private static (string RunId, RunTrigger Trigger) TriggerOf(string? key, TimeProvider time) => RequestValues.IdempotencyKey(key) is { } given
        ? (RunIds.OfKey(given), new RunTrigger(TriggerKind.Http, RunIds.OfKey(given)))
        : (RunIds.New(time), new RunTrigger(TriggerKind.Http));

    private static Results<Accepted<RunDocument>, Ok<RunDocument>> Answer(RunStarted started)
    {
        var document = RunDocument.From(started.State);
        return started.Again
            ? TypedResults.Ok(document)
            : TypedResults.Accepted($"/api/runs/{document.RunId}", document);
    }

    private static async Task<Ok<RunPage>> ListAsync(
        IRunCatalog catalog, JournalStatus journal, CancellationToken cancellationToken,
        [Description("Only runs in this state, as completed or producing; several with commas between, or repeated.")] string[]? state = null,
        [Description("Only runs on this topic.")] string? topic = null,
        [Description("Requested at this time or later, as 2031-05-17T08:30:00Z.")] string? from = null,
        [Description("Requested before this time.")] string? to = null,
        [Description("How many at most, 1 to 500. Default: 50.")] string? limit = null,
        [Description("The next of the page before.")] string? cursor = null)
    {
        return TypedResults.Ok(await RunPages.ReadAsync(
            new RunQuery(state, topic, from, to, limit, cursor), catalog.ListAsync, journal.HoldOf, cancellationToken));
    }

    private static async Task<Ok<RunDocument>> GetAsync(string id, RunDirectory runs, CancellationToken cancellationToken) =>
        TypedResults.Ok(await runs.ShowAsync(id, cancellationToken));

    private static async Task<Ok<RunLogPage>> LogAsync(
        string id, RunDirectory runs, RunMessages messages, CancellationToken cancellationToken,
        [Description("oldest or newest first. Default: oldest.")] string? order = null,
        [Description("How many at most, 1 to 500. Default: 50.")] string? limit = null,
        [Description("The next of the page before, with the same order.")] string? cursor = null) =>
        TypedResults.Ok(RunLog.Page(await runs.GetAsync(id, cancellationToken), messages.Of(id), order, limit, cursor));

    private static async Task<Ok<RunDocument>> CancelAsync(string id, HttpContext context, RunDirectory runs, CancellationToken cancellationToken) =>
        TypedResults.Ok(RunDocument.From(await runs.TellAsync(
            new RunCommands.Cancel(id, context.User.Identity?.Name is { } name ? $"cancelled by {name}" : "cancelled over HTTP"), cancellationToken)));

    private static async Task<Ok<RunDocument>> PauseAsync(string id, RunDirectory runs, CancellationToken cancellationToken) =>
        TypedResults.Ok(RunDocument.From(await runs.TellAsync(new RunCommands.Pause(id), cancellationToken)));

    private static async Task<Ok<RunDocument>> ResumeAsync(string id, RunDirectory runs, CancellationToken cancellationToken) =>
        TypedResults.Ok(RunDocument.From(await runs.TellAsync(new RunCommands.Resume(id), cancellationToken)));

    private static async Task<Ok<RunDocument>> RetryAsync(string id, string step, RunDirectory runs, CancellationToken cancellationToken) =>
        StepId.TryParse(step, out var known)
            ? TypedResults.Ok(RunDocument.From(await runs.RetryAsync(id, known.Value, cancellationToken)))
            : throw new ApiProblemException(
                404, "unknown_step", "A run has no such step.", "step", $"There are {string.Join(", ", StepId.All.Select(s => s.Name))}.");
}
