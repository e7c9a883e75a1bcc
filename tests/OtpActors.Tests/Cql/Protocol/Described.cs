using OtpActors.Cql;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Tests.Cql.Protocol;

/// <summary>Reads frames completely and tells what they say.</summary>
internal sealed class Described : IFrameHandler
{
    public List<string> Frames { get; } = [];

    public void OnFrame(in FrameHeader header, ReadOnlySpan<byte> body) => Frames.Add(Of(header, body));

    public static string Of(in FrameHeader header, ReadOnlySpan<byte> body)
    {
        var reader = new FrameReader(body);
        BodyPrelude.Read(header, ref reader);
        return header.Opcode switch
        {
            Opcode.Error => Of(ErrorMessage.Read(ref reader)),
            Opcode.Authenticate => $"Authenticate {AuthenticateMessage.Read(ref reader)}",
            Opcode.Supported => $"Supported {string.Join(' ', SupportedMessage.Read(ref reader).Select(o => $"{o.Key}={string.Join(',', o.Value)}"))}",
            Opcode.Event => Of(EventMessage.Read(ref reader)),
            Opcode.AuthChallenge or Opcode.AuthSuccess =>
                $"{header.Opcode} {(AuthTokenMessage.Read(ref reader) is { } token ? Convert.ToHexStringLower(token) : "null")}",
            Opcode.Result => Result(header, ref reader, body),
            _ => header.Opcode.ToString(),
        };
    }

    private static string Of(ErrorMessage error)
    {
        var counts = error.Required > 0 ? $" {error.Consistency} {error.Received}/{error.Required}" : "";
        var rest = error.WriteType is { } type ? $" {type}" : error.DataPresent ? " data" : "";
        return $"{error.Code} {error.Message}{counts}{rest}{(error.UnpreparedId is { } id ? $" id {Convert.ToHexStringLower(id)}" : "")}";
    }

    private static string Of(EventMessage message) =>
        string.Join(' ', new[] { "Event", message.Type, message.Change, message.Node?.ToString(), message.Schema?.Keyspace }.Where(part => part is not null));

    private static string Result(in FrameHeader header, ref FrameReader reader, ReadOnlySpan<byte> body)
    {
        var kind = (ResultKind)reader.ReadInt();
        switch (kind)
        {
            case ResultKind.Rows:
                KnownMetadata? known = null;
                using (var rows = RowSet.Read(ref reader, body, ref known))
                {
                    return Rows(rows);
                }

            case ResultKind.Prepared:
                var prepared = PreparedResult.Read(ref reader, header.Version);
                return $"Prepared {Convert.ToHexStringLower(prepared.Id)} {Columns(prepared.Variables.Columns)}"
                    + (prepared.KeyIndices is { } keys ? $" key {string.Join(',', keys)}" : "");
            case ResultKind.SchemaChange:
                var change = SchemaChange.Read(ref reader);
                return $"SchemaChange {change.Change} {change.Target} {change.Keyspace}{(change.Name is { } name ? $" {name}" : "")}";
            default:
                return kind.ToString();
        }
    }

    private static string Rows(RowSet rows)
    {
        var text = $"Rows {Columns(rows.Columns)}{(rows.PagingState is { } state ? $" more {Convert.ToHexStringLower(state)}" : "")}";
        foreach (var row in rows.Page)
        {
            text += " |";
            for (var i = 0; i < rows.Columns.Count; i++)
            {
                text += " " + (row.IsNull(i) ? "null" : rows.Columns[i].Type.Code switch
                {
                    CqlTypeCode.Text => row.GetValue<string>(i),
                    CqlTypeCode.Int => $"{row.GetValue<int>(i)}",
                    _ => $"{row.GetBytes(i).Length} bytes",
                });
            }
        }

        return text;
    }

    private static string Columns(IEnumerable<Column> columns) => string.Join(' ', columns.Select(column => $"{column.Name}:{column.Type}"));
}
