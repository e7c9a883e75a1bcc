using System.Globalization;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;

namespace OtpActors.Tests.Matrix;

/// <summary>
/// How long outages last. As a rule, settings and outages are short and of the same proportions as the real ones:
/// every outage is longer than all attempts of a step together. <c>OTPACTORS_OUTAGE_SECONDS=60</c> makes every outage last so
/// long, with the settings as they are by default.
/// </summary>
internal sealed record OutageScale(TimeSpan Outage, bool Defaults)
{
    private static readonly StepPolicy Short = new()
    {
        Attempts = 2,
        Delay = TimeSpan.FromMilliseconds(100),
        Jitter = 0,
        Timeout = TimeSpan.FromSeconds(9),
    };

    public static OutageScale Chosen { get; } =
        double.TryParse(Environment.GetEnvironmentVariable("OTPACTORS_OUTAGE_SECONDS"), CultureInfo.InvariantCulture, out var seconds)
            ? new OutageScale(TimeSpan.FromSeconds(seconds), Defaults: true)
            : new OutageScale(Short.Attempts * (Short.Timeout + Short.Delay) + TimeSpan.FromSeconds(1), Defaults: false);

    /// <summary>Only a failure waits as long as this.</summary>
    public TimeSpan Bound => TimeSpan.FromMinutes(3) + 3 * Outage;

    /// <summary>Shorter than an outage.</summary>
    public string Window => Defaults ? "30s" : "6s";

    /// <summary>
    /// The limits of mail and Slack are short only where these are away, and then half as long as an outage: a reply that is
    /// late on a busy machine, and not lost, would be one more message in doubt.
    /// </summary>
    public void Apply(OtpActorsOptions options, string part)
    {
        if (Defaults)
        {
            return;
        }

        options.Workflow.Steps = new StepPolicies { EnsureTopic = Short, Sink = Short, Produce = Short, Check = Short, Mail = Short, Slack = Short };
        options.Cassandra.QueryTimeout = TimeSpan.FromSeconds(3);
        options.Kafka.OperationTimeout = TimeSpan.FromSeconds(3);
        if (part == OutageCases.Slack)
        {
            options.Slack = options.Slack with { Timeout = TimeSpan.FromSeconds(6) };
        }

        if (part == OutageCases.Mail)
        {
            options.Mail = options.Mail with
            {
                Smtp = options.Mail.Smtp with
                {
                    ConnectTimeout = TimeSpan.FromSeconds(4),
                    SendTimeout = TimeSpan.FromSeconds(4),
                    RetryDelay = TimeSpan.FromMilliseconds(200),
                    BreakFor = TimeSpan.FromMilliseconds(200),
                },
            };
        }
    }

    /// <summary>For MongoDB's connection string.</summary>
    public string MongoOptions => Defaults ? "" : "&serverSelectionTimeoutMS=1000&connectTimeoutMS=1000&socketTimeoutMS=3000";

    /// <summary>For Kafka's clients.</summary>
    public IReadOnlyDictionary<string, string> KafkaProperties => Defaults
        ? new Dictionary<string, string>()
        : new Dictionary<string, string> { ["session.timeout.ms"] = "6000", ["socket.timeout.ms"] = "3000", ["heartbeat.interval.ms"] = "1000" };
}
