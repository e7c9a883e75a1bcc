namespace OtpActors.Cql.Protocol.Responses;

/// <summary>Native protocol v4 §4.2.5.5, as a result and as an event: what was created, updated or dropped.</summary>
/// <param name="Name">The table, type or function; null for a keyspace.</param>
internal sealed record SchemaChange(string Change, string Target, string Keyspace, string? Name)
{
    public static SchemaChange Read(ref FrameReader reader)
    {
        var (change, target, keyspace) = (reader.ReadString(), reader.ReadString(), reader.ReadString());
        var name = target == "KEYSPACE" ? null : reader.ReadString();
        if (target is "FUNCTION" or "AGGREGATE")
        {
            reader.ReadStringList();
        }

        return new SchemaChange(change, target, keyspace, name);
    }
}
