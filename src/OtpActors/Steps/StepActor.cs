using Akka.Actor;
using Akka.Event;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Runs;

namespace OtpActors.Steps;

/// <summary>
/// The life of a step's attempts, whatever the step does: one at a time for each run and step, started by
/// <typeparamref name="TBegin"/>, ended by itself or by <see cref="StopStep"/>. The work runs beside the mailbox.
/// </summary>
public abstract class StepActor<TBegin> : ReceiveActor
    where TBegin : class, IBeginStep
{
    private readonly Dictionary<(string RunId, StepId Step), Job> _jobs = [];
    private readonly ILoggingAdapter _log = Context.GetLogger();

    protected StepActor(TimeProvider time)
    {
        Time = time;
        Receive<TBegin>(Start);
        Receive<StopStep>(Stop);
        Receive<JobEnded>(End);
    }

    protected TimeProvider Time { get; }

    /// <summary>
    /// One attempt, on the thread pool: it must not touch the actor's fields. Progress goes to <paramref name="run"/>
    /// by message; calls to other parts go through <paramref name="outages"/>. Once <paramref name="cancellationToken"/> fires it finishes what it has begun and returns null.
    /// </summary>
    /// <returns>The command that ends the attempt, or null if it was stopped.</returns>
    protected abstract Task<IStepCommand?> RunAsync(TBegin begin, IActorRef run, Outages outages, CancellationToken cancellationToken);

    protected override void PostStop()
    {
        foreach (var job in _jobs.Values)
        {
            job.Stop.Cancel();
        }
    }

    private void Start(TBegin begin)
    {
        var key = (begin.RunId, begin.Step);
        var previous = _jobs.GetValueOrDefault(key);
        previous?.Stop.Cancel();
        var job = new Job(begin, Sender, new CancellationTokenSource(), previous?.StopRequests ?? []);
        _jobs[key] = job;
        job.Work = Task.Run(() => AttemptAsync(job, previous?.Work ?? Task.CompletedTask));
        job.Work.PipeTo(Self, success: () => new JobEnded(job));
    }

    /// <summary>Never throws: a failure is the attempt's last word.</summary>
    private async Task AttemptAsync(Job job, Task previous)
    {
        await previous;
        var (begin, stop) = (job.Begin, job.Stop.Token);
        var log = _log.WithContext("RunId", begin.RunId);
        try
        {
            if (!stop.IsCancellationRequested)
            {
                job.LastWord = await RunAsync(begin, job.Run, new Outages(OutageSetup.From(begin), job.Run, Time, log), stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // stopped: nothing to say
        }
        catch (Exception failure)
        {
            var e = StepFailure.Cause(failure);
            log.WithContext(RunSentences.Journaled, true).Warning( // by the run, as the attempt's failure
                e, "{Step}, attempt {Attempt}, failed: {Error}", begin.Step.Name, begin.Attempt, e.Message);
            job.LastWord = new RunCommands.FailAttempt(begin.RunId, begin.Step, begin.Attempt, e.Message);
        }
    }

    private void End(JobEnded ended)
    {
        var job = ended.Job;
        job.Stop.Dispose();
        var key = (job.Begin.RunId, job.Begin.Step);
        if (_jobs.GetValueOrDefault(key) != job)
        {
            return; // replaced by a newer attempt
        }

        _jobs.Remove(key);
        if (job.LastWord is { } command)
        {
            job.Run.Tell(command, Self);
        }

        foreach (var requester in job.StopRequests)
        {
            requester.Tell(new StepStopped(key.RunId, key.Step));
        }
    }

    private void Stop(StopStep stop)
    {
        if (_jobs.TryGetValue((stop.RunId, stop.Step), out var job))
        {
            job.StopRequests.Add(Sender);
            job.Stop.Cancel();
        }
        else
        {
            Sender.Tell(new StepStopped(stop.RunId, stop.Step));
        }
    }

    private sealed class Job(TBegin begin, IActorRef run, CancellationTokenSource stop, List<IActorRef> stopRequests)
    {
        public TBegin Begin { get; } = begin;

        public IActorRef Run { get; } = run;

        public CancellationTokenSource Stop { get; } = stop;

        public List<IActorRef> StopRequests { get; } = stopRequests;

        public Task Work { get; set; } = Task.CompletedTask;

        /// <summary>Written before <see cref="Work"/> completes, read after.</summary>
        public IStepCommand? LastWord { get; set; }
    }

    private sealed record JobEnded(Job Job);
}
