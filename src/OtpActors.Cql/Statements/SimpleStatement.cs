using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Requests;
using OtpActors.Cql.Types;

namespace OtpActors.Cql;

/// <summary>
/// A query as text, with values for its question marks. The server parses it each time and tells no types, so a value
/// is encoded by its .NET type: int as int, long as bigint, DateTimeOffset as timestamp and so on.
/// </summary>
public sealed class SimpleStatement : Statement
{
    private readonly object?[] _values;

    /// <summary>
    /// A query and the values of its question marks, in their order. A value whose type has no CQL type fails its
    /// execution.
    /// </summary>
    public SimpleStatement(string query, params object?[] values)
    {
        (QueryString, _values) = (query, values);
        IsConditional = QueryText.IsConditional(query);
        IsSchemaChange = QueryText.IsSchemaChange(query);
    }

    /// <summary>The query's text.</summary>
    public string QueryString { get; }

    internal override bool IsConditional { get; }

    internal override bool IsSchemaChange { get; }

    internal override bool TryGetToken(out string keyspace, out long token)
    {
        (keyspace, token) = ("", 0);
        return false;
    }

    internal override void WriteFrame(FrameWriter writer, ProtocolVersion version, short stream, in QueryParameters parameters)
    {
        using var values = new FrameWriter();
        WriteValues(values);
        var start = writer.BeginFrame(version, QueryRequest.Opcode, stream);
        QueryRequest.Write(writer, QueryString, parameters, _values.Length, values.Written);
        writer.EndFrame(start);
    }

    internal void WriteToBatch(FrameWriter writer)
    {
        using var values = new FrameWriter();
        WriteValues(values);
        BatchRequest.WriteSimple(writer, QueryString, _values.Length, values.Written);
    }

    private void WriteValues(FrameWriter writer)
    {
        for (var i = 0; i < _values.Length; i++)
        {
            if (_values[i] is not { } value)
            {
                writer.WriteInt(-1);
                continue;
            }

            var type = CqlTypes.Of(value.GetType())
                ?? throw new InvalidCastException($"value {i} is a {value.GetType().Name}, which has no CQL type");
            var start = writer.BeginBytes();
            Codecs.Of(value.GetType())!.EncodeObject(value, type, writer);
            writer.EndBytes(start);
        }
    }
}
