using System.ComponentModel;
using System.Globalization;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Runs;
using OtpActors.Telemetry;
using Serilog.Events;

namespace OtpActors.Api;

/// <summary>
/// A run's log: what is journaled of it, as sentences, and between these what the service's log has said of it since the service
/// started.
/// </summary>
internal static class RunLog
{
    public const int MaxLimit = 500;

    private const int DefaultLimit = 50;

    /// <exception cref="ApiProblemException">A parameter is wrong.</exception>
    public static RunLogPage Page(RunState run, IReadOnlyList<RunMessage> messages, string? order, string? limit, string? cursor)
    {
        var isNewestFirst = RequestValues.IsNewestFirst(order);
        var count = (int)RequestValues.Number(limit, "limit", 1, MaxLimit, DefaultLimit);
        var after = cursor is null ? (Place?)null : PlaceOf(cursor);
        var direction = isNewestFirst ? -1 : 1;
        var found = run.Timeline.Select(fact => (Place: new Place(fact.At.ToUnixTimeMilliseconds(), IsMessage: false, fact.Version), Line: Of(fact)))
            .Concat(messages.Select(message => (Place: new Place(message.At.ToUnixTimeMilliseconds(), IsMessage: true, message.Number), Line: Of(message))))
            .Where(each => after is not { } last || each.Place.CompareTo(last) * direction > 0)
            .Order(Comparer<(Place Place, RunLogPage.Line Line)>.Create((one, other) => one.Place.CompareTo(other.Place) * direction))
            .Take(count + 1).ToList();
        return new RunLogPage(
            [.. found.Take(count).Select(each => each.Line)],
            found.Count > count && found[count - 1].Place is var place ? TimeCursor.From(DateTimeOffset.FromUnixTimeMilliseconds(place.At), place.Id) : null);
    }

    private static RunLogPage.Line Of(RunFact fact) => new(
        fact.At, fact.What switch
        {
            "attempt-failed" or "step-held" => RunLogLevel.Warning,
            "step-failed" => RunLogLevel.Error,
            "ended" when fact.Detail != nameof(RunOutcome.Completed) => RunLogLevel.Error,
            _ => RunLogLevel.Info,
        },
        fact.Step?.Name, fact.Attempt, RunSentences.Of(fact), fact.Version);

    private static RunLogPage.Line Of(RunMessage message) => new(
        message.At, message.Level switch
        {
            LogEventLevel.Verbose or LogEventLevel.Debug or LogEventLevel.Information => RunLogLevel.Info,
            LogEventLevel.Warning => RunLogLevel.Warning,
            _ => RunLogLevel.Error,
        },
        message.Step, message.Attempt, message.Text, null);

    /// <exception cref="ApiProblemException">It is no cursor of a log.</exception>
    private static Place PlaceOf(string cursor) =>
        TimeCursor.Parse(cursor) is var (time, id) && id is ['f' or 'm', .. var number]
        && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            ? new Place(time.ToUnixTimeMilliseconds(), id[0] == 'm', n)
            : throw ApiProblemException.BadField("cursor", "it must be the next of the page before.");

    /// <summary>Facts and messages have numbers of their own; of the same millisecond facts come first.</summary>
    private readonly record struct Place(long At, bool IsMessage, long Number) : IComparable<Place>
    {
        public string Id => string.Create(CultureInfo.InvariantCulture, $"{(IsMessage ? 'm' : 'f')}{Number}");

        public int CompareTo(Place other) => (At, IsMessage, Number).CompareTo((other.At, other.IsMessage, other.Number));
    }
}

/// <summary>How much a line of a run's log matters.</summary>
public enum RunLogLevel
{
    Info,
    Warning,
    Error,
}

/// <summary>Lines of a run's log.</summary>
public sealed record RunLogPage(
    IReadOnlyList<RunLogPage.Line> Items, [property: Description("The cursor of the next page; null at the end.")] string? Next)
{
    /// <summary>A line.</summary>
    public sealed record Line(
        DateTimeOffset At, RunLogLevel Level,
        [property: Description("Absent where it is about the run as a whole.")] string? Step, int? Attempt,
        [property: Description("What happened, as a sentence.")] string Text,
        [property: Description("The id of the same fact in the timeline; absent for what is not journaled.")] long? Fact);
}
