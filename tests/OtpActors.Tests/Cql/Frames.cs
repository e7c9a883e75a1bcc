using System.Text;
using OtpActors.Cql.Protocol;

namespace OtpActors.Tests.Cql;

/// <summary>Frames as a server would write them.</summary>
internal static class Frames
{
    public static byte[] Void { get; } = Body(writer => writer.WriteInt(1));

    public static byte[] Body(Action<FrameWriter> write)
    {
        using var writer = new FrameWriter();
        write(writer);
        return writer.Written.ToArray();
    }

    public static byte[] Response(byte version, short stream, Opcode opcode, byte[] body, FrameFlags flags = FrameFlags.None) => Body(writer =>
    {
        writer.WriteByte((byte)(version | 0x80));
        writer.WriteByte((byte)flags);
        writer.WriteShort((ushort)stream);
        writer.WriteByte((byte)opcode);
        writer.WriteBytes(body);
    });

    public static byte[] Error(int code, string message) => Body(writer =>
    {
        writer.WriteInt(code);
        writer.WriteString(message);
    });

    /// <summary>Columns of the table ks.t; collections are of text.</summary>
    public static byte[] Rows((string Name, int Type)[] columns, byte[]?[][] rows, byte[]? pagingState = null) => Body(writer =>
    {
        writer.WriteInt(2);
        writer.WriteInt(pagingState is null ? 1 : 3);
        writer.WriteInt(columns.Length);
        if (pagingState is not null)
        {
            writer.WriteBytes(pagingState);
        }

        WriteColumns(writer, columns);
        writer.WriteInt(rows.Length);
        foreach (var value in rows.SelectMany(row => row))
        {
            WriteValue(writer, value);
        }
    });

    /// <summary>PREPARED in v4 for a table whose partition key is the first variable.</summary>
    public static byte[] Prepared(byte[] id, params (string Name, int Type)[] variables) => Body(writer =>
    {
        writer.WriteInt(4);
        writer.WriteShortBytes(id);
        writer.WriteInt(1);
        writer.WriteInt(variables.Length);
        writer.WriteInt(variables.Length > 0 ? 1 : 0);
        if (variables.Length > 0)
        {
            writer.WriteShort(0);
        }

        WriteColumns(writer, variables);
        writer.WriteInt(4); // no metadata of a result
        writer.WriteInt(0);
    });

    /// <summary>RESULT of a change of the schema: the keyspace ks was created.</summary>
    public static byte[] SchemaChange { get; } = Body(writer =>
    {
        writer.WriteInt(5);
        writer.WriteString("CREATED");
        writer.WriteString("KEYSPACE");
        writer.WriteString("ks");
    });

    public static byte[] Int(int value) => Body(writer => writer.WriteInt(value));

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] TextSet(params string[] texts) => Body(writer =>
    {
        writer.WriteInt(texts.Length);
        foreach (var text in texts)
        {
            writer.WriteBytes(Text(text));
        }
    });

    public static byte[] TextMap(params (string Key, string Value)[] pairs) => Body(writer =>
    {
        writer.WriteInt(pairs.Length);
        foreach (var (key, value) in pairs)
        {
            writer.WriteBytes(Text(key));
            writer.WriteBytes(Text(value));
        }
    });

    private static void WriteColumns(FrameWriter writer, (string Name, int Type)[] columns)
    {
        if (columns.Length == 0)
        {
            return;
        }

        writer.WriteString("ks");
        writer.WriteString("t");
        foreach (var (name, type) in columns)
        {
            writer.WriteString(name);
            writer.WriteShort(type);
            for (var elements = type switch { 0x20 or 0x22 => 1, 0x21 => 2, _ => 0 }; elements > 0; elements--)
            {
                writer.WriteShort(0x000D);
            }
        }
    }

    private static void WriteValue(FrameWriter writer, byte[]? value)
    {
        if (value is null)
        {
            writer.WriteInt(-1);
        }
        else
        {
            writer.WriteBytes(value);
        }
    }
}
