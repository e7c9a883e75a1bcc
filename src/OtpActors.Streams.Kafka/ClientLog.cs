using Akka.Event;
using Confluent.Kafka;
using LogMessage = Confluent.Kafka.LogMessage;

namespace OtpActors.Streams.Kafka;

/// <summary>librdkafka's log, in Akka's. Its threads call this.</summary>
internal static class ClientLog
{
    public static void Write(ILoggingAdapter log, LogMessage message)
    {
        if (DumpsProperties(message))
        {
            return;
        }

        // Brokers come and go: what matters of it comes as an error too.
        var level = message.Level <= SyslogLevel.Error ? LogLevel.InfoLevel : LogLevel.DebugLevel;
        log.Log(level, "{Client} {Facility}: {Message}", [message.Name, message.Facility, message.Message]);
    }

    /// <summary>The same messages but for those that list the client's properties, secrets included (<c>debug=conf</c>).</summary>
    public static Action<LogMessage> WithoutProperties(Action<LogMessage>? log) => message =>
    {
        if (log is not null && !DumpsProperties(message))
        {
            log(message);
        }
    };

    private static bool DumpsProperties(LogMessage message) => message.Facility.StartsWith("CONF", StringComparison.OrdinalIgnoreCase);
}
