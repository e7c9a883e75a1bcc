using OtpActors.Domain.Runs;

namespace OtpActors.Steps;

/// <summary>What a worker of a sink is to do.</summary>
/// <param name="RunId">Whom it works for.</param>
/// <param name="ReplicationFactor">Of a dead-letter topic that is created.</param>
/// <param name="Counted">Up to where records are counted, by partition: earlier ones are stored, not counted.</param>
/// <param name="Outages">How it waits for a part that is away.</param>
internal sealed record SinkTask(
    string RunId, StepId Step, int Attempt, string Topic, short ReplicationFactor, OffsetMap Counted, OutageSetup Outages)
{
    public static SinkTask From(Sink.Begin begin) =>
        new(begin.RunId, begin.Step, begin.Attempt, begin.Spec.Topic, begin.Spec.ReplicationFactor, begin.Counted,
            OutageSetup.From(begin));
}
