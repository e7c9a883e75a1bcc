using System.Buffers;
using System.Buffers.Binary;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql;

/// <summary>
/// The rows of a result. <c>await foreach</c> reads all pages, asking for the next when one is used up;
/// <c>foreach</c> over <see cref="Page"/> reads those that are here. Rows are read once and in order; a
/// <see cref="Row"/> is valid until the next one. Disposing, which enumerating to the end does too, gives the buffer
/// back. For one thread at a time.
/// </summary>
public sealed class RowSet : IAsyncEnumerable<Row>, IDisposable
{
    internal static readonly RowSet Nothing = new(ColumnsMetadata.None, [], 0, 0, 0, null);

    private byte[] _buffer;
    private int _end;
    private int _position;
    private int _left;
    private int _read;
    private (int Start, int Length)[] _cells;
    private ColumnsMetadata _metadata;

    private RowSet(ColumnsMetadata metadata, byte[] buffer, int position, int end, int count, byte[]? pagingState)
    {
        (_metadata, _buffer, _position, _end, _left) = (metadata, buffer, position, end, count);
        _cells = metadata.Columns.Count == 0 ? [] : new (int, int)[metadata.Columns.Count];
        PagingState = pagingState;
    }

    /// <summary>The columns in their order; empty for statements that give no rows.</summary>
    public IReadOnlyList<Column> Columns => _metadata.Columns;

    /// <summary>Where the next page begins; null after the last one. A page can be empty and not be the last.</summary>
    public byte[]? PagingState { get; private set; }

    /// <summary>Rows of this page that have not been read.</summary>
    public int AvailableWithoutFetching => _left;

    /// <summary>The rest of the page that is here.</summary>
    public PageRows Page => new(this);

    /// <summary>
    /// False where a change of the schema was made and not all nodes had it within
    /// <see cref="ClusterOptions.MaxSchemaAgreementWait"/>: statements that rely on it may fail on some nodes yet.
    /// </summary>
    public bool IsInSchemaAgreement { get; internal set; } = true;

    internal SchemaChange? SchemaChange { get; private init; }

    internal Func<byte[], CancellationToken, ValueTask<RowSet>>? FetchNext { get; set; }

    internal int Version => _read;

    /// <summary>All rows that are left, this page's and then the later ones'.</summary>
    /// <exception cref="DriverException">The next page could not be fetched.</exception>
    public async IAsyncEnumerator<Row> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        try
        {
            while (true)
            {
                while (MoveNext())
                {
                    yield return new Row(this);
                }

                if (PagingState is not { } state || FetchNext is not { } fetch)
                {
                    yield break;
                }

                Replace(await fetch(state, cancellationToken).ConfigureAwait(false));
            }
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Gives the buffer back: no row can be read after that. May be called again.</summary>
    public void Dispose()
    {
        var buffer = _buffer;
        (_buffer, _left, _end) = ([], 0, 0);
        _read++;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    internal static RowSet Of(SchemaChange change) => new(ColumnsMetadata.None, [], 0, 0, 0, null) { SchemaChange = change };

    /// <summary>Native protocol v4 §4.2.5.2; copies the body, of which <paramref name="reader"/> has read the kind.</summary>
    internal static RowSet Read(ref FrameReader reader, ReadOnlySpan<byte> body, ref KnownMetadata? known)
    {
        var metadata = ColumnsMetadata.ReadOfRows(ref reader, ref known, out var pagingState);
        var rows = reader.ReadInt();
        var count = reader.ReadCount(rows, Math.Max(1, 4 * metadata.Columns.Count));
        var content = body[reader.Position..];
        if (count == 0)
        {
            return new RowSet(metadata, [], 0, 0, 0, pagingState);
        }

        var buffer = ArrayPool<byte>.Shared.Rent(content.Length);
        content.CopyTo(buffer);
        return new RowSet(metadata, buffer, 0, content.Length, count, pagingState);
    }

    internal bool MoveNext()
    {
        _read++;
        if (_left == 0)
        {
            return false;
        }

        _left--;
        for (var i = 0; i < _cells.Length; i++)
        {
            if (_end - _position < 4)
            {
                throw new ProtocolException("rows end in the middle of one");
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_position));
            _position += 4;
            if (length > _end - _position)
            {
                throw new ProtocolException("a value longer than the rows");
            }

            _cells[i] = (_position, Math.Max(length, -1));
            _position += Math.Max(length, 0);
        }

        return true;
    }

    internal ReadOnlySpan<byte> Cell(int index, out bool isNull)
    {
        var (start, length) = _cells[index];
        isNull = length < 0;
        return isNull ? default : _buffer.AsSpan(start, length);
    }

    internal int IndexOf(string name) => _metadata.IndexOf(name) is var index and >= 0
        ? index
        : throw new ArgumentException(
            $"there is no column {name}; there are {string.Join(", ", Columns.Select(column => column.Name))}", nameof(name));

    private void Replace(RowSet next)
    {
        Dispose();
        (_buffer, _end, _position, _left) = (next._buffer, next._end, next._position, next._left);
        (_cells, _metadata, PagingState) = (next._cells, next._metadata, next.PagingState);
    }

    /// <summary>Enumerates a page in place.</summary>
    public readonly struct PageRows(RowSet rows)
    {
        /// <summary>For <c>foreach</c>.</summary>
        public Enumerator GetEnumerator() => new(rows);
    }

    /// <summary>Goes through a page without allocating.</summary>
    public readonly struct Enumerator(RowSet rows)
    {
        /// <summary>The row, valid until the next <see cref="MoveNext"/>.</summary>
        public Row Current => new(rows);

        /// <summary>Goes to the next row; false after the page's last.</summary>
        public bool MoveNext() => rows.MoveNext();
    }
}
