using Akka.Actor;
using Akka.Event;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;

namespace OtpActors.Runs;

/// <summary>
/// Brings the list of runs up to date with what it missed while it could not be written: the newest summary of each run, one
/// after the other, with growing waits. What a process does not get to, the next one lists when it resumes the run.
/// </summary>
public sealed class RunLister : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly IRunCatalog _catalog;
    private readonly JournalStatus _status;
    private readonly TimeProvider _time;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Dictionary<string, RunSummary> _missing = [];
    private TimeSpan _pause = FirstPause;
    private bool _saving;

    public RunLister(IRunCatalog catalog, JournalStatus status, TimeProvider time)
    {
        (_catalog, _status, _time) = (catalog, status, time);
        Receive<RunNotices.Unlisted>(unlisted =>
        {
            var summary = unlisted.Summary;
            if (!_missing.TryGetValue(summary.RunId, out var known) || known.Version < summary.Version)
            {
                _missing[summary.RunId] = summary;
            }

            if (_status.ListOutage is null)
            {
                _status.ListOutage = new JournalOutage(unlisted.Error, _time.GetUtcNow());
                _log.Warning("The list of runs cannot be written; it follows when it can: {Error}", unlisted.Error);
            }

            if (!_saving && !Timers.IsTimerActive(nameof(Save)))
            {
                Timers.StartSingleTimer(nameof(Save), Save.Instance, _pause);
            }
        });
        Receive<Save>(_ => SaveNext());
        Receive<Saved>(saved =>
        {
            _saving = false;
            _pause = FirstPause;
            if (_missing.TryGetValue(saved.Summary.RunId, out var newest) && newest.Version == saved.Summary.Version)
            {
                _missing.Remove(saved.Summary.RunId);
            }

            SaveNext();
        });
        Receive<Status.Failure>(failure =>
        {
            _saving = false;
            _status.ListOutage = _status.ListOutage! with { Error = failure.Cause.Message };
            Timers.StartSingleTimer(nameof(Save), Save.Instance, _pause);
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(RunNotices.Unlisted));

    private void SaveNext()
    {
        if (_missing.Count == 0)
        {
            _status.ListOutage = null;
            _log.Info("The list of runs is up to date again");
            return;
        }

        var next = _missing.Values.First();
        _saving = true;
        _catalog.SaveAsync(next).PipeTo(Self, success: () => new Saved(next));
    }

    private sealed record Saved(RunSummary Summary);

    private sealed class Save
    {
        public static readonly Save Instance = new();
    }
}
