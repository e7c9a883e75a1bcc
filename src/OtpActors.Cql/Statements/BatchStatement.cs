using System.Runtime.InteropServices;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Requests;

namespace OtpActors.Cql;

/// <summary>Native protocol v4 §4.1.7.</summary>
public enum BatchType : byte
{
    /// <summary>All or nothing, in the end, through the batch log.</summary>
    Logged = 0,

    /// <summary>Several statements in one request; each partition's part is applied or not on its own.</summary>
    Unlogged = 1,

    /// <summary>Changes of counters alone, which can be in no other batch.</summary>
    Counter = 2,
}

/// <summary>
/// Several data changes in one request. Each is encoded when it is added, so that a bound statement can be set anew
/// for the next; <see cref="Clear"/> makes the batch ready for other ones.
/// </summary>
public sealed class BatchStatement : Statement, IDisposable
{
    private readonly FrameWriter _encoded = new(1024);
    private readonly List<PreparedStatement> _prepared = [];
    private readonly List<int> _starts = [];
    private bool _isConditional;
    private bool _hasToken;
    private string _keyspace = "";
    private long _token;

    /// <summary>Default Logged.</summary>
    public BatchType BatchType { get; private set; } = BatchType.Logged;

    /// <summary>Statements in it.</summary>
    public int Count => _starts.Count;

    /// <summary>Encoded bytes.</summary>
    public int Size => _encoded.Count;

    internal override bool IsConditional => _isConditional;

    internal override int PreparedCount => _prepared.Count;

    /// <summary>Changes <see cref="BatchType"/> and gives the batch itself.</summary>
    public BatchStatement SetBatchType(BatchType type)
    {
        BatchType = type;
        return this;
    }

    /// <summary>Adds a bound statement with the values that it has now.</summary>
    public BatchStatement Add(BoundStatement bound)
    {
        bound.Check(bound.PreparedStatement.Version);
        if (_starts.Count == 0)
        {
            _hasToken = bound.TryGetToken(out _keyspace, out _token);
        }

        Begin();
        bound.WriteToBatch(_encoded);
        _isConditional |= bound.IsConditional;
        if (!CollectionsMarshal.AsSpan(_prepared).Contains(bound.PreparedStatement))
        {
            _prepared.Add(bound.PreparedStatement);
        }

        return this;
    }

    /// <summary>Adds a query as text. The server parses it each time.</summary>
    /// <exception cref="InvalidOperationException">The batch is full: it holds 65,535 statements.</exception>
    public BatchStatement Add(SimpleStatement simple)
    {
        Begin();
        simple.WriteToBatch(_encoded);
        _isConditional |= simple.IsConditional;
        return this;
    }

    /// <summary>Takes all statements and the write time out; the other settings stay.</summary>
    public BatchStatement Clear()
    {
        _encoded.Clear();
        _prepared.Clear();
        _starts.Clear();
        (_isConditional, _hasToken) = (false, false);
        Timestamp = null;
        return this;
    }

    /// <summary>Gives the buffer back. Only after its execution has completed.</summary>
    public void Dispose() => _encoded.Dispose();

    /// <summary>Copies a part of the statements into another batch, with the same settings.</summary>
    internal void CopyTo(BatchStatement target, int from, int count)
    {
        target.Clear().SetBatchType(BatchType);
        (target.ConsistencyLevel, target.IsIdempotent, target.Timestamp) = (ConsistencyLevel, IsIdempotent, Timestamp);
        (target._hasToken, target._keyspace, target._token) = (_hasToken, _keyspace, _token);
        target._isConditional = _isConditional;
        target._prepared.AddRange(_prepared);
        var start = _starts[from];
        var end = from + count < _starts.Count ? _starts[from + count] : _encoded.Count;
        target._encoded.WriteRaw(_encoded.Written[start..end]);
        for (var i = 0; i < count; i++)
        {
            target._starts.Add(_starts[from + i] - start);
        }
    }

    internal override bool TryGetToken(out string keyspace, out long token)
    {
        (keyspace, token) = (_keyspace, _token);
        return _hasToken;
    }

    internal override void WriteFrame(FrameWriter writer, ProtocolVersion version, short stream, in QueryParameters parameters)
    {
        var start = writer.BeginFrame(version, BatchRequest.Opcode, stream);
        BatchRequest.Write(writer, (byte)BatchType, _starts.Count, _encoded.Written, parameters);
        writer.EndFrame(start);
    }

    internal override PreparedStatement? FindPrepared(ReadOnlySpan<byte> id)
    {
        foreach (var prepared in _prepared)
        {
            if (id.SequenceEqual(prepared.Id))
            {
                return prepared;
            }
        }

        return null;
    }

    private void Begin()
    {
        if (_starts.Count == BatchRequest.MaxStatements)
        {
            throw new InvalidOperationException($"a batch holds at most {BatchRequest.MaxStatements} statements");
        }

        _starts.Add(_encoded.Count);
    }
}
