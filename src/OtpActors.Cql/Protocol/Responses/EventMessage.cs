using System.Net;

namespace OtpActors.Cql.Protocol.Responses;

/// <summary>
/// Native protocol v4 §4.2.6 (v3 has MOVED_NODE besides). A type that is not known has neither address nor schema.
/// </summary>
/// <param name="Change">NEW_NODE, REMOVED_NODE, MOVED_NODE, UP, DOWN, or what happened to the schema.</param>
internal sealed record EventMessage(string Type, string? Change, IPEndPoint? Node, SchemaChange? Schema)
{
    public static EventMessage Read(ref FrameReader reader)
    {
        var type = reader.ReadString();
        switch (type)
        {
            case "TOPOLOGY_CHANGE" or "STATUS_CHANGE":
                return new EventMessage(type, reader.ReadString(), reader.ReadInet(), null);
            case "SCHEMA_CHANGE":
                var schema = SchemaChange.Read(ref reader);
                return new EventMessage(type, schema.Change, null, schema);
            default:
                return new EventMessage(type, null, null, null);
        }
    }
}
