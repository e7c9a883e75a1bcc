using Akka.Event;
using Akka.Streams;
using Akka.Streams.Dsl;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Topics;
using LogLevel = Akka.Event.LogLevel;
using StreamSink = Akka.Streams.Dsl.Sink;

namespace OtpActors.Triggers.Commands;

/// <summary>
/// Deals with the commands of one batch, one after the other, on stream threads, and commits the batch once each has its
/// run or its dead letter. What is unavailable now is waited for; an outage never makes a dead letter.
/// </summary>
internal sealed class CommandHandler(CommandTopicSetup setup, IMaterializer materializer, ILoggingAdapter log, CancellationToken cancellationToken)
{
    /// <summary>Who wrote the dead letters, where sinks give their step's name.</summary>
    public const string Writer = "commands";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly string _topic = setup.Options.Topic;
    private bool _deadLettersReady;

    /// <exception cref="OperationCanceledException">
    /// Told to stop: the command in progress is finished, nothing is committed, and what comes again gives the same runs.
    /// </exception>
    public async Task<PartitionBatch> HandleAsync(PartitionBatch batch)
    {
        foreach (var record in batch.Records)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await RetryUntilAvailableAsync(batch.Partition, record);
        }

        await batch.CommitAsync(CancellationToken.None);
        return batch;
    }

    private async Task RetryUntilAvailableAsync(int partition, TopicRecord record)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await HandleAsync(partition, record);
                return;
            }
            catch (Exception e) when (e is RunRefusedException or TopicException or InputFileException)
            {
                log.Log(
                    pause == FirstPause ? LogLevel.WarningLevel : LogLevel.DebugLevel, e,
                    "The command at {Place} waits: {Error}", RunIds.OfCommand(_topic, partition, record.Offset), e.Message);
                await Task.Delay(pause, setup.Time, cancellationToken);
            }
        }
    }

    private async Task HandleAsync(int partition, TopicRecord record)
    {
        var runId = RunIds.OfCommand(_topic, partition, record.Offset);
        if (!CommandReader.TryRead(record.Value, setup.Options.MaxBytes, out var command, out var fault))
        {
            await WriteDeadLetterAsync(partition, record, fault);
            return;
        }

        // A command that comes again after its time, and had its run in time, is done.
        if (command.NotAfter < setup.Time.GetUtcNow() && await setup.Starter.FindAsync(runId, CancellationToken.None) is null)
        {
            await WriteDeadLetterAsync(partition, record, "too late: its notAfter has passed");
            return;
        }

        if (await StartAsync(runId, command) is { } refusal)
        {
            await WriteDeadLetterAsync(partition, record, refusal);
        }
    }

    /// <summary>Starts the run; or why it never can be started.</summary>
    private async Task<string?> StartAsync(string runId, CommandRequest command)
    {
        try
        {
            var started = await setup.Starter.StartAsync(
                runId, command, new RunTrigger(TriggerKind.CommandTopic, runId), CancellationToken.None);
            setup.Counts.CountCommand(started.Again);
            log.Info(started.Again ? "Run {RunId} was started by its command before" : "Run {RunId} is started by a command", runId);
            return null;
        }
        catch (RunRequestException e)
        {
            return CommandReader.FaultOf(e);
        }
        catch (RunKeyReusedException)
        {
            return "another command has started a run at this place; was the topic made anew?";
        }
        catch (Exception e) when (RecordFault.IsPermanent(e))
        {
            // Where, for whoever mends it; not its message, which may repeat the command.
            log.Error("The command of {RunId} met {Fault} {Where}", runId, e.GetType().Name, e.StackTrace);
            return RecordFault.Describe(e);
        }
    }

    /// <summary>Their sequence is the offsets of the commands: one that comes again adds none where the topic can tell.</summary>
    private async Task WriteDeadLetterAsync(int partition, TopicRecord record, string reason)
    {
        var letters = DeadLetters.TopicOf(_topic);
        if (!_deadLettersReady)
        {
            await setup.Topic.EnsureAsync(new TopicSpec(letters, 1, setup.ReplicationFactor), cancellationToken);
            _deadLettersReady = true;
        }

        await Source.Single<IReadOnlyList<ProducerRecord>>([DeadLetters.Wrap(record, _topic, partition, Writer, reason, setup.Time.GetUtcNow())])
            .Via(setup.Topic.ProducerFlow(letters, $"{Writer}:{_topic}:{partition}"))
            .RunWith(StreamSink.Ignore<ProducerAck>(), materializer);
        setup.Counts.CountDeadCommand();
        log.Warning("The command at {Place} became a dead letter: {Reason}", RunIds.OfCommand(_topic, partition, record.Offset), reason);
    }
}
