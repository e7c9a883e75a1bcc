using System.Text.Json;
using Akka.Actor;
using Akka.Serialization;
using OtpActors.Domain.Runs;

namespace OtpActors.Infrastructure.Journal;

/// <summary>
/// The journal's form of <see cref="RunSnapshot"/>, as <see cref="RunEventSerializer"/> is that of the events: JSON under
/// a name with a version. A form, once released, is never changed.
/// </summary>
public sealed class RunSnapshotSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private const string Version1 = "run:1";

    public override int Identifier => 2742;

    public override string Manifest(object o) =>
        o is RunSnapshot ? Version1 : throw new ArgumentException($"{o.GetType().Name} has no snapshot's form.", nameof(o));

    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes((RunSnapshot)obj, RunJson.Options);

    public override object FromBinary(byte[] bytes, string manifest) => manifest == Version1
        ? JsonSerializer.Deserialize<RunSnapshot>(bytes, RunJson.Options) ?? throw new JsonException("The journal's snapshot is null.")
        : throw new ArgumentException(
            $"The journal holds a snapshot '{manifest}', which this version does not know: it was written by a newer one.", nameof(manifest));
}
