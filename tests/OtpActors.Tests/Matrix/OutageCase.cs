using System.Globalization;
using OtpActors.Domain.Runs;
using OtpActors.Tests.Servers;

namespace OtpActors.Tests.Matrix;

/// <summary>A part that is away from a moment of a run on, in one of two ways.</summary>
/// <param name="Point">The call before which the outage begins, or with whose answer it does.</param>
/// <param name="Number">Which of these calls, from 1.</param>
/// <param name="LoseReply">Whether what the part does last is not heard.</param>
internal sealed record OutageCase(string Part, Outage Mode, string Phase, string Point, int Number, bool LoseReply)
{
    public string Name => $"{Part}, {Mode.ToString().ToLowerInvariant()}, {Phase}";

    public override string ToString() => Name;
}

/// <summary>The matrix: parts × phases of a run × ways to be away.</summary>
internal static class OutageCases
{
    public const string Kafka = "topic (Kafka)";
    public const string EmbeddedTopic = "topic (embedded)";
    public const string Cassandra = "Cassandra";
    public const string Mongo = "MongoDB";
    public const string EmbeddedStore = "store (embedded)";
    public const string SqliteJournal = "journal (SQLite)";
    public const string PostgresJournal = "journal (PostgreSQL)";
    public const string Ledger = "ledger";
    public const string Mail = "mail";
    public const string Slack = "Slack";

    private const int Notices = 2 * OutageRun.Notified;
    private const int Finds = (OutageRun.Records + 999) / 1000;

    private static readonly Moment[] OfTopic =
    [
        new("before the topic's step", Points.Ensure),
        new("before the sinks", Points.SchemaReady(StoreNames.Cassandra)),
        new("amid production", Points.Produce, 2, LoseReply: true),
        new("at production's end", Points.Watermarks),
        new("at the sinks' end", Points.Committed),
    ];

    private static readonly Moment[] OfJournal =
    [
        new("at the topic's step", Points.Ensure),
        new("amid the sinks", Points.Write(StoreNames.Mongo), 2, LoseReply: true),
        new("at the check's end", Points.Find(StoreNames.Mongo), Finds),
        new("at the run's end", Points.SlackPost, Notices),
    ];

    /// <summary>Those that wait longest first.</summary>
    public static IReadOnlyList<OutageCase> All { get; } =
    [
        .. Of(Kafka, OfTopic), .. Of(PostgresJournal, OfJournal), .. Of(SqliteJournal, OfJournal),
        .. Of(Cassandra, OfStore(StoreNames.Cassandra)), .. Of(Mongo, OfStore(StoreNames.Mongo)), .. Of(EmbeddedTopic, OfTopic),
        .. Of(EmbeddedStore, OfStore(StoreNames.Mongo)[..3]), // its reads go on beside a lock and on a full disk
        .. Of(Ledger, new("before the mails", Points.Mail), new("amid the mails", Points.MailContent, OutageRun.Notified), new("at the end of Slack", Points.SlackPost, Notices)),
        .. Of(Mail, new("before the mails", Points.Mail), new("amid the mails", Points.MailContent, OutageRun.Notified, LoseReply: true),
            new("at the last mail", Points.MailContent, Notices, LoseReply: true)),
        .. Of(Slack, new("before the posts", Points.Slack), new("amid the posts", Points.SlackPost, OutageRun.Notified, LoseReply: true),
            new("before the last post", Points.SlackPost, Notices - 1, LoseReply: true)),
    ];

    /// <summary>Whether the part is a file, which is away as a full disk.</summary>
    public static bool NeedsDisk(string part) => part is EmbeddedTopic or EmbeddedStore or SqliteJournal or Ledger;

    private static Moment[] OfStore(string store) =>
    [
        new("before the sink", Points.Schema(store)),
        new("amid the sink", Points.Write(store), 2, LoseReply: true),
        new("at the sink's end", Points.LastWrite(store)),
        new("before the check", Points.Find(store)),
        new("at the check's end", Points.Find(store), Finds, LoseReply: true),
        new("amid the notifications", Points.Find(store), Finds + 1),
    ];

    private static IEnumerable<OutageCase> Of(string part, params Moment[] moments) =>
        from mode in Enum.GetValues<Outage>()
        from moment in moments
        select new OutageCase(part, mode, moment.Phase, moment.Point, moment.Number, moment.LoseReply);

    private sealed record Moment(string Phase, string Point, int Number = 1, bool LoseReply = false);
}

/// <summary>How a case ended.</summary>
/// <param name="Held">From the outage's beginning until the step went on.</param>
/// <param name="SawHold">Whether the run said that it waited.</param>
/// <param name="Attempts">The most that any step took.</param>
/// <param name="Problem">What does not hold; null where all does.</param>
/// <param name="Skipped">Why it could not be tried; null where it was.</param>
internal sealed record OutageResult(
    OutageCase Case, string? Outcome, TimeSpan Outage, TimeSpan? Held, string? SawHold, int Attempts, string? Problem, string? Skipped = null)
{
    public string Line => string.Create(
        CultureInfo.InvariantCulture,
        $"| {Case.Part} | {Case.Phase} | {Case.Mode.ToString().ToLowerInvariant()} | {Skipped ?? Problem?.Split('\n')[0] ?? Outcome} | {Outage.TotalSeconds:0.0} | {Held?.TotalSeconds:0.0} | {Attempts} | {SawHold} |");
}
