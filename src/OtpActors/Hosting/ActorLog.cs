using System.Collections.Concurrent;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace OtpActors.Hosting;

/// <summary>
/// Where the actors of one host log to. Akka.Logger.Serilog writes to Serilog's static logger alone; that one passes each line on to
/// the host whose actor system wrote it, so that a process may hold several hosts, each with a log of its own.
/// </summary>
/// <remarks>Can be used from any thread. Once disposed, the lines of its actor system are dropped.</remarks>
internal sealed class ActorLog : IDisposable
{
    private const string Scheme = "akka://";

    private static readonly ConcurrentDictionary<string, Serilog.ILogger?> Hosts = new();
    private readonly string _system;

    static ActorLog() => Log.Logger = new LoggerConfiguration().MinimumLevel.Verbose().WriteTo.Sink(new ByActorSystem()).CreateLogger();

    /// <param name="system">The actor system's name, as <see cref="NewSystemName"/> gave it.</param>
    /// <param name="log">The host's log.</param>
    public ActorLog(string system, Serilog.ILogger log) => Hosts[_system = system] = log;

    /// <summary><c>otpactors</c>, and with a number where another host of this process has that name.</summary>
    public static string NewSystemName()
    {
        const string name = "otpactors";
        for (var number = 1; ; number++)
        {
            var free = number == 1 ? name : $"{name}-{number}";
            if (Hosts.TryAdd(free, null))
            {
                return free;
            }
        }
    }

    public void Dispose() => Hosts.TryRemove(_system, out _);

    private sealed class ByActorSystem : ILogEventSink
    {
        public void Emit(LogEvent logEvent)
        {
            if (logEvent.Properties.TryGetValue("ActorPath", out var property) && property is ScalarValue { Value: string path }
                && path.StartsWith(Scheme, StringComparison.Ordinal)
                && Hosts.TryGetValue(path[Scheme.Length..].Split('/', 2)[0], out var log))
            {
                log?.Write(logEvent);
            }
        }
    }
}
