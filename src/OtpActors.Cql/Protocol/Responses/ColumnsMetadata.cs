namespace OtpActors.Cql.Protocol.Responses;

/// <summary>The columns of rows or the variables of a prepared statement. Native protocol v4 §4.2.5.2.</summary>
internal sealed record ColumnsMetadata(IReadOnlyList<Column> Columns)
{
    private const int GlobalTableSpec = 0x01;
    private const int HasMorePages = 0x02;
    private const int NoMetadata = 0x04;

    private Dictionary<string, int>? _byName;

    public static ColumnsMetadata None { get; } = new([]);

    /// <summary>The column of this name, without regard to case; −1 where no column has it.</summary>
    public int IndexOf(string name)
    {
        _byName ??= Index();
        return _byName.GetValueOrDefault(name, -1);
    }

    /// <summary>The metadata of rows: &lt;flags&gt;&lt;columns_count&gt;[&lt;paging_state&gt;][&lt;table spec&gt;?&lt;columns&gt;].</summary>
    /// <param name="known">
    /// Metadata whose bytes, if they are the same, need not be read again; it becomes what was read.
    /// </param>
    public static ColumnsMetadata ReadOfRows(ref FrameReader reader, ref KnownMetadata? known, out byte[]? pagingState)
    {
        var flags = reader.ReadInt();
        var count = reader.ReadInt();
        pagingState = (flags & HasMorePages) != 0 ? reader.ReadBytes(out _).ToArray() : null;
        if ((flags & NoMetadata) != 0)
        {
            throw new Protocol.ProtocolException("rows without the metadata that was asked for");
        }

        if (known is { } same && same.Skip(ref reader, flags, count))
        {
            return same.Metadata;
        }

        var start = reader.Position;
        var metadata = ReadColumns(ref reader, flags, count);
        known = new KnownMetadata(metadata, flags & GlobalTableSpec, reader.Since(start).ToArray());
        return metadata;
    }

    /// <summary>The variables of PREPARED; v4 puts the partition key's indices before the table spec (§4.2.5.4).</summary>
    public static ColumnsMetadata ReadOfVariables(ref FrameReader reader, ProtocolVersion version, out int[]? keyIndices)
    {
        var flags = reader.ReadInt();
        var count = reader.ReadInt();
        keyIndices = null;
        if (version >= ProtocolVersion.V4)
        {
            var keys = reader.ReadInt();
            keyIndices = new int[reader.ReadCount(keys, 2)];
            for (var i = 0; i < keyIndices.Length; i++)
            {
                keyIndices[i] = reader.ReadShort();
            }
        }

        return (flags & NoMetadata) != 0 ? None : ReadColumns(ref reader, flags, count);
    }

    private static ColumnsMetadata ReadColumns(ref FrameReader reader, int flags, int count)
    {
        var (keyspace, table) = ("", "");
        var isGlobal = (flags & GlobalTableSpec) != 0;
        if (isGlobal && count > 0)
        {
            (keyspace, table) = (reader.ReadString(), reader.ReadString());
        }

        var columns = new Column[reader.ReadCount(count, isGlobal ? 4 : 8)];
        for (var i = 0; i < columns.Length; i++)
        {
            if (!isGlobal)
            {
                (keyspace, table) = (reader.ReadString(), reader.ReadString());
            }

            columns[i] = new Column(keyspace, table, reader.ReadString(), CqlType.Read(ref reader));
        }

        return new ColumnsMetadata(columns);
    }

    private Dictionary<string, int> Index()
    {
        var byName = new Dictionary<string, int>(Columns.Count, StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < Columns.Count; i++)
        {
            byName.TryAdd(Columns[i].Name, i);
        }

        return byName;
    }
}

/// <summary>Columns together with the bytes they were read from.</summary>
internal sealed record KnownMetadata(ColumnsMetadata Metadata, int IsGlobal, byte[] Bytes)
{
    public bool Skip(ref FrameReader reader, int flags, int count) =>
        (flags & 1) == IsGlobal && count == Metadata.Columns.Count && reader.TrySkip(Bytes);
}
