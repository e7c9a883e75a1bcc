using System.Text.Json;
using Akka.Actor;
using Akka.Serialization;
using OtpActors.Domain.Runs.Messages;

namespace OtpActors.Infrastructure.Journal;

/// <summary>
/// The journal's form of <see cref="RunEvents"/>: JSON under short constant names with a version, so that types can be
/// renamed and old journals still be read. A form, once released, is never changed: a new version is added beside it.
/// </summary>
/// <remarks>The journal holds a run's password in clear where its spec does: it is as secret as the topic.</remarks>
public sealed class RunEventSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private static readonly IReadOnlyDictionary<string, Type> Types = new Dictionary<string, Type>
    {
        ["requested:1"] = typeof(RunEvents.Requested),
        ["started:1"] = typeof(RunEvents.StepStarted),
        ["attempt-failed:1"] = typeof(RunEvents.AttemptFailed),
        ["failed:1"] = typeof(RunEvents.StepFailed),
        ["skipped:1"] = typeof(RunEvents.StepSkipped),
        ["held:1"] = typeof(RunEvents.StepHeld),
        ["released:1"] = typeof(RunEvents.StepReleased),
        ["topic:1"] = typeof(RunEvents.TopicConfirmed),
        ["sink-ready:1"] = typeof(RunEvents.SinkReady),
        ["sink:1"] = typeof(RunEvents.SinkProgressed),
        ["sink-ended:1"] = typeof(RunEvents.SinkEnded),
        ["produced:1"] = typeof(RunEvents.Produced),
        ["production:1"] = typeof(RunEvents.ProductionCompleted),
        ["check:1"] = typeof(RunEvents.CheckCompleted),
        ["notified:1"] = typeof(RunEvents.Notified),
        ["notifying:1"] = typeof(RunEvents.NotifyingCompleted),
        ["paused:1"] = typeof(RunEvents.Paused),
        ["resumed:1"] = typeof(RunEvents.Resumed),
        ["reopened:1"] = typeof(RunEvents.Reopened),
        ["ended:1"] = typeof(RunEvents.Ended),
    };

    private static readonly IReadOnlyDictionary<Type, string> Manifests = Types.ToDictionary(t => t.Value, t => t.Key);

    public override int Identifier => 2741;

    public override string Manifest(object o) => Manifests.TryGetValue(o.GetType(), out var manifest)
        ? manifest
        : throw new ArgumentException($"{o.GetType().Name} has no journal form.", nameof(o));

    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, obj.GetType(), RunJson.Options);

    public override object FromBinary(byte[] bytes, string manifest) => Types.TryGetValue(manifest, out var type)
        ? JsonSerializer.Deserialize(bytes, type, RunJson.Options) ?? throw new JsonException($"The journal's '{manifest}' is null.")
        : throw new ArgumentException(
            $"The journal holds '{manifest}', which this version does not know: it was written by a newer one.", nameof(manifest));
}
