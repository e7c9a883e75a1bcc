using OtpActors.Cql.Metadata;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Requests;
using OtpActors.Cql.Protocol.Responses;
using OtpActors.Cql.Types;

namespace OtpActors.Cql;

/// <summary>
/// A prepared statement with its values, which are encoded as they are set. It can be set and executed over and over
/// without allocating; like every statement it is not for two executions at a time.
/// </summary>
public sealed class BoundStatement : Statement, IDisposable
{
    private const int Missing = -2;

    private readonly FrameWriter _values = new(128);
    private readonly (int Start, int Length)[] _places;
    private bool _inOrder = true;
    private long? _routingToken;

    internal BoundStatement(PreparedStatement prepared)
    {
        PreparedStatement = prepared;
        _places = new (int, int)[prepared.Variables.Count];
        Reset();
    }

    /// <summary>The statement that it was bound from.</summary>
    public PreparedStatement PreparedStatement { get; }

    internal override bool IsConditional => PreparedStatement.IsConditional;

    internal override bool IsSchemaChange => PreparedStatement.IsSchemaChange;

    internal override int PreparedCount => 1;

    internal override ref KnownMetadata? Known => ref PreparedStatement.Known;

    /// <summary>Encoded size of the values, in bytes.</summary>
    internal int Size => _values.Count;

    /// <exception cref="InvalidCastException">The variable's type is not written from this one; the message names both.</exception>
    public BoundStatement Set<T>(int index, T value)
    {
        var variable = PreparedStatement.Variables[index];
        if (value is null)
        {
            return SetNull(index);
        }

        var codec = Codec<T>.For(variable.Name, variable.Type);
        var start = Begin(index);
        codec.Encode(value, variable.Type, _values);
        End(index, start);
        return this;
    }

    /// <summary>
    /// Sets a variable to null, which deletes the column's value. A variable that is not set fails the execution.
    /// </summary>
    public BoundStatement SetNull(int index)
    {
        var start = Begin(index);
        _values.Truncate(start - 4);
        _values.WriteInt(-1);
        _places[index] = (start - 4, 4);
        return this;
    }

    /// <summary>Forgets the values, so that others can be set in order, which is the fastest.</summary>
    public BoundStatement Clear()
    {
        _values.Clear();
        Array.Fill(_places, (0, Missing));
        _inOrder = true;
        return this;
    }

    /// <summary>Routes it to this token's replicas, where the variables do not tell the partition: a look-up of several keys.</summary>
    public BoundStatement SetRoutingToken(long? token)
    {
        _routingToken = token;
        return this;
    }

    /// <summary>Gives the statement back for reuse: nothing may use it any more.</summary>
    public void Dispose() => PreparedStatement.Return(this);

    internal void Reset()
    {
        Clear();
        (IsIdempotent, ConsistencyLevel) = (PreparedStatement.IsIdempotent, PreparedStatement.ConsistencyLevel);
        _routingToken = null;
        (SerialConsistencyLevel, Timestamp, PageSize, PagingState, ReadTimeout) = (null, null, null, null, null);
    }

    internal void SetObject(int index, object? value)
    {
        var variable = PreparedStatement.Variables[index];
        if (value is null)
        {
            SetNull(index);
            return;
        }

        var codec = Codecs.Of(value.GetType());
        if (codec is null || !codec.Accepts(variable.Type))
        {
            throw Codec.Mismatch(variable.Name, variable.Type, value.GetType().Name);
        }

        var start = Begin(index);
        codec.EncodeObject(value, variable.Type, _values);
        End(index, start);
    }

    /// <summary>
    /// A value that was not set could only be sent as "unset", which v3 servers read as null, that is a deletion: so it
    /// is an error in every version.
    /// </summary>
    internal override void Check(ProtocolVersion version)
    {
        for (var i = 0; i < _places.Length; i++)
        {
            if (_places[i].Length == Missing)
            {
                throw new InvalidOperationException($"variable {i} ({PreparedStatement.Variables[i].Name}) has no value");
            }
        }
    }

    /// <summary>The token of the partition that the values name; false where they do not.</summary>
    public bool TryGetToken(out long token) => TryGetToken(out _, out token);

    internal override bool TryGetToken(out string keyspace, out long token)
    {
        keyspace = PreparedStatement.Keyspace;
        token = _routingToken ?? 0;
        if (_routingToken is not null)
        {
            return true;
        }

        var indices = PreparedStatement.KeyIndices;
        if (indices.Length == 0)
        {
            return false;
        }

        if (indices.Length == 1)
        {
            token = Murmur3.Token(Value(indices[0]));
            return true;
        }

        // A composite key: each part with its length before and a zero after.
        using var key = new FrameWriter();
        foreach (var index in indices)
        {
            key.WriteShortBytes(Value(index));
            key.WriteByte(0);
        }

        token = Murmur3.Token(key.Written);
        return true;
    }

    internal override void WriteFrame(FrameWriter writer, ProtocolVersion version, short stream, in QueryParameters parameters)
    {
        var start = writer.BeginFrame(version, ExecuteRequest.Opcode, stream);
        ExecuteRequest.Write(writer, PreparedStatement.Id, parameters, _places.Length, Ordered());
        writer.EndFrame(start);
    }

    internal void WriteToBatch(FrameWriter writer) =>
        BatchRequest.WritePrepared(writer, PreparedStatement.Id, _places.Length, Ordered());

    internal override PreparedStatement? FindPrepared(ReadOnlySpan<byte> id) =>
        id.SequenceEqual(PreparedStatement.Id) ? PreparedStatement : null;

    private ReadOnlySpan<byte> Value(int index)
    {
        var (start, length) = _places[index];
        return length > 4 ? _values.Written.Slice(start + 4, length - 4) : default;
    }

    /// <summary>The values as the frame wants them. Set out of order or twice, they are put in order first.</summary>
    private ReadOnlySpan<byte> Ordered()
    {
        if (_inOrder)
        {
            return _values.Written;
        }

        using var ordered = new FrameWriter(_values.Count + 16);
        for (var i = 0; i < _places.Length; i++)
        {
            var (start, length) = _places[i];
            _places[i].Start = ordered.Count;
            ordered.WriteRaw(_values.Written.Slice(start, length));
        }

        _values.Clear();
        _values.WriteRaw(ordered.Written);
        _inOrder = true;
        return _values.Written;
    }

    private int Begin(int index)
    {
        _inOrder &= _places[index].Length == Missing && (index == 0 || _places[index - 1].Length != Missing);
        return _values.BeginBytes();
    }

    private void End(int index, int start)
    {
        _values.EndBytes(start);
        _places[index] = (start - 4, _values.Count - start + 4);
    }
}
