using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using OtpActors.Domain.Runs;
using OtpActors.Runs;

namespace OtpActors.Api;

/// <summary>
/// A run's events as server-sent events (WHATWG HTML §9.2). Every fact of the timeline is an event with its id, so that a
/// reader who comes back with <c>Last-Event-ID</c> misses none, after a restart of the service too; in between come
/// <c>progress</c> events with the run's counters, which have no id: only the newest counts.
/// </summary>
internal static class RunEventStream
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static void MapRunEvents(this RouteGroupBuilder runs) =>
        runs.MapGet("/{id}/events", StreamAsync).Needs(ApiScope.Read)
            .WithSummary("Follow a run")
            .WithDescription(
                "Server-sent events: every fact of the timeline (event: fact, with an id), and the newest counters in between "
                + "(event: progress), also where the run begins or ceases to wait for the journal (hold). Resumable by Last-Event-ID. The stream ends with the run; who comes back after its last "
                + "event is answered 204.")
            .Produces(200, contentType: "text/event-stream").Produces(204).ProducesProblem(404).ProducesProblem(429).ProducesProblem(503);

    private static async Task<IResult> StreamAsync(
        string id, [FromHeader(Name = "Last-Event-ID")] string? lastEventId, RunDirectory runs,
        EventStreams streams, HttpContext context, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        if (lastEventId is not (null or "") && !long.TryParse(lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw ApiProblemException.BadField("Last-Event-ID", "it must be the id of an event of this run.");
        }

        var seen = string.IsNullOrEmpty(lastEventId) ? 0 : long.Parse(lastEventId, CultureInfo.InvariantCulture);
        var subscription = runs.Subscribe(id);
        try
        {
            var state = await runs.GetAsync(id, cancellationToken);
            if (state.IsTerminal && state.Version <= seen)
            {
                subscription.Dispose();
                return TypedResults.NoContent(); // tells a browser not to come back
            }

            if (context.IsHead())
            {
                subscription.Dispose();
                context.Response.ContentType = "text/event-stream";
                return Results.Empty;
            }

            streams.Take(context);
            return TypedResults.ServerSentEvents(FollowAsync(subscription, state, seen, lifetime.ApplicationStopping, cancellationToken));
        }
        catch
        {
            subscription.Dispose();
            throw;
        }
    }

    private static async IAsyncEnumerable<SseItem<string>> FollowAsync(
        RunSubscription subscription, RunState state, long seen, CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var _ = subscription;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
        var (shown, shownHold, shownAt) = (-1L, (StepHold?)null, TimeProvider.System.GetTimestamp());
        while (true)
        {
            foreach (var fact in state.Timeline.Where(fact => fact.Version > seen))
            {
                yield return new SseItem<string>(Json(RunDocument.From(fact)), "fact")
                {
                    EventId = fact.Version.ToString(CultureInfo.InvariantCulture),
                };
                seen = fact.Version;
            }

            var hold = state.IsTerminal ? null : subscription.Hold;
            if (state.Version != shown || hold != shownHold || TimeProvider.System.GetElapsedTime(shownAt) > KeepAlive)
            {
                (shown, shownHold, shownAt) = (state.Version, hold, TimeProvider.System.GetTimestamp());
                yield return new SseItem<string>(Json(RunProgress.From(state, hold)), "progress");
            }

            if (state.IsTerminal || end.IsCancellationRequested)
            {
                yield break;
            }

            await Task.Delay(ProgressInterval, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await subscription.WaitAsync(KeepAlive, end.Token);
            state = subscription.Latest is { } newer && newer.Version >= state.Version ? newer : state;
        }
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, RequestJson.Options);
}
