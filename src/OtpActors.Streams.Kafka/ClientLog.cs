using Akka.Event;
using Confluent.Kafka;
using LogMessage = Confluent.Kafka.LogMessage;

namespace OtpActors.Streams.Kafka;

/// <summary>librdkafka's log, in Akka's. Its threads call this.</summary>
internal static class ClientLog
{
    public static void Write(ILoggingAdapter log, LogMessage message)
    {
        // Brokers come and go: what matters of it comes as an error too.
        var level = message.Level <= SyslogLevel.Error ? LogLevel.InfoLevel : LogLevel.DebugLevel;
        log.Log(level, "{Client} {Facility}: {Message}", [message.Name, message.Facility, message.Message]);
    }
}
