using System.Collections.Concurrent;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql;

/// <summary>A query that the servers know by an id. For any number of threads; made by <see cref="ISession.PrepareAsync"/>.</summary>
public sealed class PreparedStatement
{
    private const int PooledStatements = 256;

    private readonly ConcurrentQueue<BoundStatement> _pool = new();
    private int _pooled;
    private KnownMetadata? _known;

    internal PreparedStatement(string query, PreparedResult prepared, int[] keyIndices, ProtocolVersion version)
    {
        (QueryString, Id, KeyIndices, Version) = (query, prepared.Id, keyIndices, version);
        Variables = prepared.Variables.Columns;
        Keyspace = Variables.Count > 0 ? Variables[0].Keyspace : "";
        IsConditional = QueryText.IsConditional(query);
        IsSchemaChange = QueryText.IsSchemaChange(query);
    }

    /// <summary>The query as it was prepared.</summary>
    public string QueryString { get; }

    /// <summary>Name and type of each question mark, in their order.</summary>
    public IReadOnlyList<Column> Variables { get; }

    /// <summary>Default for its bound statements.</summary>
    public bool IsIdempotent { get; private set; }

    /// <summary>Default for its bound statements.</summary>
    public ConsistencyLevel? ConsistencyLevel { get; private set; }

    internal byte[] Id { get; }

    internal string Keyspace { get; }

    /// <summary>The variables that make the partition key, in its order; empty where one of them is not a variable.</summary>
    internal int[] KeyIndices { get; }

    internal ProtocolVersion Version { get; }

    internal bool IsConditional { get; }

    internal bool IsSchemaChange { get; }

    internal ref KnownMetadata? Known => ref _known;

    /// <summary>
    /// Changes <see cref="IsIdempotent"/> of what is bound from now on. Not beside <see cref="Bind()"/> on another
    /// thread.
    /// </summary>
    public PreparedStatement SetIdempotence(bool isIdempotent)
    {
        IsIdempotent = isIdempotent;
        return this;
    }

    /// <summary>
    /// Changes <see cref="ConsistencyLevel"/> of what is bound from now on. Not beside <see cref="Bind()"/> on another
    /// thread.
    /// </summary>
    public PreparedStatement SetConsistencyLevel(ConsistencyLevel? consistency)
    {
        ConsistencyLevel = consistency;
        return this;
    }

    /// <summary>
    /// A statement whose values are to be set. Disposing it after its execution gives its buffer to the next one; that is
    /// optional.
    /// </summary>
    public BoundStatement Bind()
    {
        if (!_pool.TryDequeue(out var bound))
        {
            return new BoundStatement(this);
        }

        Interlocked.Decrement(ref _pooled);
        bound.Reset();
        return bound;
    }

    /// <summary>The same with all values set, in the order of the question marks.</summary>
    public BoundStatement Bind(params object?[] values)
    {
        if (values.Length != Variables.Count)
        {
            throw new ArgumentException($"{values.Length} values for {Variables.Count} variables", nameof(values));
        }

        var bound = Bind();
        for (var i = 0; i < values.Length; i++)
        {
            bound.SetObject(i, values[i]);
        }

        return bound;
    }

    internal void Return(BoundStatement bound)
    {
        if (Interlocked.Increment(ref _pooled) <= PooledStatements)
        {
            _pool.Enqueue(bound);
        }
        else
        {
            Interlocked.Decrement(ref _pooled);
        }
    }
}
