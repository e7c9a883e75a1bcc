using Akka.Event;

namespace OtpActors.Hosting;

/// <summary>
/// Stands where Akka would write to standard output while its loggers start and stop: that stream is the command
/// line's, and may have to hold one JSON document and nothing else.
/// </summary>
public sealed class SilentLogger : MinimalLogger
{
    protected override void Log(object message)
    {
    }
}
