using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Requests;

namespace OtpActors.Cql;

/// <summary>Something to execute, with what deviates from the session's defaults.</summary>
public interface IStatement
{
    /// <summary>How many replicas must answer; null for the session's default.</summary>
    ConsistencyLevel? ConsistencyLevel { get; }

    /// <summary>Where a conditional write is agreed on; null for Serial, the protocol's default.</summary>
    ConsistencyLevel? SerialConsistencyLevel { get; }

    /// <summary>Whether executing it twice is the same as once. Default false.</summary>
    bool IsIdempotent { get; }

    /// <summary>The write time in microseconds since 1970; null for the driver's own.</summary>
    long? Timestamp { get; }
}

/// <summary>
/// The common part of all statements. A statement may be changed and executed again once its execution is completed
/// (and its rows are read, where they come in pages); it is not for two executions at a time.
/// </summary>
public abstract class Statement : IStatement
{
    private protected Statement()
    {
    }

    /// <inheritdoc/>
    public ConsistencyLevel? ConsistencyLevel { get; internal set; }

    /// <inheritdoc/>
    public ConsistencyLevel? SerialConsistencyLevel { get; internal set; }

    /// <summary>
    /// Whether executing it twice is the same as once, so that it may be tried again where it is not known whether it
    /// had an effect. Default false. A conditional statement is never taken for idempotent.
    /// </summary>
    public bool IsIdempotent { get; internal set; }

    /// <summary>The write time in microseconds since 1970; null for the driver's own, which increases.</summary>
    public long? Timestamp { get; internal set; }

    /// <summary>Rows of a page; null for the session's.</summary>
    public int? PageSize { get; internal set; }

    /// <summary>Where to go on, as an earlier result gave it. Valid only in the protocol version it came in.</summary>
    public byte[]? PagingState { get; internal set; }

    /// <summary>The limit of each attempt; null for the session's.</summary>
    public TimeSpan? ReadTimeout { get; internal set; }

    /// <summary>Whether it writes on condition (IF …): never retried, and replicas are asked in one order.</summary>
    internal abstract bool IsConditional { get; }

    /// <summary>Whether it changes the schema: then hosts are asked in one order, so that rivals meet at one coordinator.</summary>
    internal virtual bool IsSchemaChange => false;

    /// <summary>Fails where it cannot be executed in this version; called before anything is written.</summary>
    internal virtual void Check(ProtocolVersion version)
    {
    }

    /// <summary>The partition's token and keyspace; false where they are not known.</summary>
    internal abstract bool TryGetToken(out string keyspace, out long token);

    internal abstract void WriteFrame(FrameWriter writer, ProtocolVersion version, short stream, in QueryParameters parameters);

    /// <summary>The prepared statement with this id, null where the statement has none.</summary>
    internal virtual PreparedStatement? FindPrepared(ReadOnlySpan<byte> id) => null;

    /// <summary>How many distinct prepared statements it has.</summary>
    internal virtual int PreparedCount => 0;

    /// <summary>What the columns of its last result were.</summary>
    internal virtual ref Protocol.Responses.KnownMetadata? Known => ref _known;

    private Protocol.Responses.KnownMetadata? _known;
}

/// <summary>Sets what deviates from the defaults; each returns the statement itself.</summary>
public static class StatementExtensions
{
    /// <summary>Null for the session's default.</summary>
    public static T SetConsistencyLevel<T>(this T statement, ConsistencyLevel? consistency) where T : Statement
    {
        statement.ConsistencyLevel = consistency;
        return statement;
    }

    /// <summary>Where a conditional write is agreed on.</summary>
    /// <exception cref="ArgumentException">It is neither Serial nor LocalSerial.</exception>
    public static T SetSerialConsistencyLevel<T>(this T statement, ConsistencyLevel serial) where T : Statement
    {
        if (serial is not (Cql.ConsistencyLevel.Serial or Cql.ConsistencyLevel.LocalSerial))
        {
            throw new ArgumentException($"{serial} is not a serial consistency level", nameof(serial));
        }

        statement.SerialConsistencyLevel = serial;
        return statement;
    }

    /// <summary>Whether it may be tried again where it is not known whether it had an effect.</summary>
    public static T SetIdempotence<T>(this T statement, bool isIdempotent) where T : Statement
    {
        statement.IsIdempotent = isIdempotent;
        return statement;
    }

    /// <param name="microseconds">Since 1970; not negative, which the protocol forbids.</param>
    public static T SetTimestamp<T>(this T statement, long microseconds) where T : Statement
    {
        ArgumentOutOfRangeException.ThrowIfNegative(microseconds);
        statement.Timestamp = microseconds;
        return statement;
    }

    /// <summary>Rows of a page, at least 1.</summary>
    public static T SetPageSize<T>(this T statement, int rows) where T : Statement
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        statement.PageSize = rows;
        return statement;
    }

    /// <summary>
    /// Where to go on: <see cref="RowSet.PagingState"/> of an earlier execution of the same query; null for the
    /// beginning.
    /// </summary>
    public static T SetPagingState<T>(this T statement, byte[]? pagingState) where T : Statement
    {
        statement.PagingState = pagingState;
        return statement;
    }

    /// <summary>The limit of each attempt.</summary>
    public static T SetReadTimeout<T>(this T statement, TimeSpan timeout) where T : Statement
    {
        statement.ReadTimeout = timeout;
        return statement;
    }
}
