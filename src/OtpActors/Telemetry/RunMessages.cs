using System.Globalization;
using OtpActors.Runs;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace OtpActors.Telemetry;

/// <summary>A line of the log about a run.</summary>
/// <param name="Number">Grows from line to line.</param>
/// <param name="Step">Null where it is about the run as a whole.</param>
public sealed record RunMessage(long Number, DateTimeOffset At, LogEventLevel Level, string? Step, int? Attempt, string Text);

/// <summary>
/// What the log says of runs beside what is journaled of them, in memory: the newest lines of the newest runs since this process
/// began. A line belongs to a run by its property <c>RunId</c>; those with <see cref="RunSentences.Journaled"/> are left out.
/// </summary>
/// <remarks>Can be used from any thread.</remarks>
public sealed class RunMessages : ILogEventSink
{
    internal const int LinesOfRun = 500;
    internal const int Runs = 200;

    private static readonly MessageTemplateTextFormatter Text = new("{Message:lj}", CultureInfo.InvariantCulture);

    private readonly Lock _turn = new();
    private readonly Dictionary<string, Queue<RunMessage>> _lines = [];
    private readonly Queue<string> _runs = new();
    private long _number;

    public void Emit(LogEvent logEvent)
    {
        if (Value<string>(logEvent, "RunId") is not { Length: > 0 } run || logEvent.Properties.ContainsKey(RunSentences.Journaled) || AuditTrail.Has(logEvent))
        {
            return;
        }

        using var text = new StringWriter(CultureInfo.InvariantCulture);
        Text.Format(logEvent, text);
        lock (_turn)
        {
            if (!_lines.TryGetValue(run, out var lines))
            {
                if (_runs.Count == Runs)
                {
                    _lines.Remove(_runs.Dequeue());
                }

                _runs.Enqueue(run);
                _lines[run] = lines = new Queue<RunMessage>();
            }

            if (lines.Count == LinesOfRun)
            {
                lines.Dequeue();
            }

            lines.Enqueue(new RunMessage(
                ++_number, logEvent.Timestamp.ToUniversalTime(), logEvent.Level, Value<string>(logEvent, "Step"), Value<int?>(logEvent, "Attempt"),
                text.ToString()));
        }
    }

    /// <summary>A run's lines, oldest first.</summary>
    public IReadOnlyList<RunMessage> Of(string runId)
    {
        lock (_turn)
        {
            return _lines.TryGetValue(runId, out var lines) ? [.. lines] : [];
        }
    }

    private static T? Value<T>(LogEvent logEvent, string name) =>
        logEvent.Properties.TryGetValue(name, out var property) && property is ScalarValue { Value: T value } ? value : default;
}
