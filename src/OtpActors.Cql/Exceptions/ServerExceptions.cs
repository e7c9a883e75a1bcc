using System.Net;

namespace OtpActors.Cql;

/// <summary>An ERROR response. Native protocol v4 §9.</summary>
public abstract class QueryException(IPEndPoint host, string message) : DriverException(message)
{
    /// <summary>The coordinator that answered.</summary>
    public IPEndPoint Host { get; } = host;
}

/// <summary>An error of the server's own, or one whose code is not known here.</summary>
public sealed class ServerErrorException(IPEndPoint host, int code, string message)
    : QueryException(host, $"server error 0x{code:x4}: {message}")
{
    /// <summary>The protocol's code of the error, as the server sent it.</summary>
    public int Code { get; } = code;
}

/// <summary>The server found a request that is not the protocol.</summary>
public sealed class ProtocolErrorException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>Fewer replicas are alive than the consistency level needs; nothing was done.</summary>
public sealed class UnavailableException(IPEndPoint host, ConsistencyLevel consistency, int required, int alive)
    : QueryException(host, $"{consistency} needs {required} replicas and {alive} are alive")
{
    /// <summary>The level that was asked for.</summary>
    public ConsistencyLevel Consistency { get; } = consistency;

    /// <summary>Replicas that the level needs.</summary>
    public int RequiredReplicas { get; } = required;

    /// <summary>Replicas that the coordinator knew to be alive.</summary>
    public int AliveReplicas { get; } = alive;
}

/// <summary>The coordinator has too much to do. Idempotent statements have been tried on other hosts before.</summary>
public sealed class OverloadedException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>The coordinator is joining the ring and cannot answer yet.</summary>
public sealed class IsBootstrappingException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>A table could not be truncated.</summary>
public sealed class TruncateException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>The coordinator did not hear from enough replicas in time.</summary>
public sealed class ReadTimeoutException(IPEndPoint host, ConsistencyLevel consistency, int received, int required, bool dataPresent)
    : QueryException(host, $"{received} of the {required} replicas that {consistency} needs answered a read in time")
{
    /// <summary>Replicas that answered in time.</summary>
    public int ReceivedAcknowledgements { get; } = received;

    /// <summary>Replicas that the level needs.</summary>
    public int RequiredAcknowledgements { get; } = required;

    /// <summary>Whether the replica that was asked for the data itself, and not for a digest, was among them.</summary>
    public bool WasDataRetrieved { get; } = dataPresent;
}

/// <summary>
/// The coordinator did not hear from enough replicas in time: the write may take effect yet. After a conditional write
/// (<see cref="WriteType"/> CAS) only a read at serial consistency tells.
/// </summary>
public sealed class WriteTimeoutException(IPEndPoint host, ConsistencyLevel consistency, int received, int required, string writeType)
    : QueryException(host, $"{received} of the {required} replicas that {consistency} needs acknowledged a write ({writeType}) in time"
        + (writeType == "CAS" ? "; whether it was applied is not known: read it at serial consistency" : ""))
{
    /// <summary>Replicas that acknowledged in time.</summary>
    public int ReceivedAcknowledgements { get; } = received;

    /// <summary>Replicas that the level needs.</summary>
    public int RequiredAcknowledgements { get; } = required;

    /// <summary>
    /// What kind of write it was, in the protocol's word: SIMPLE, BATCH, UNLOGGED_BATCH, COUNTER, BATCH_LOG, CAS …
    /// </summary>
    public string WriteType { get; } = writeType;
}

/// <summary>Replicas failed while reading: too many tombstones, for example.</summary>
public sealed class ReadFailureException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>Replicas failed while writing; others may have written it.</summary>
public sealed class WriteFailureException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>A user-defined function failed.</summary>
public sealed class FunctionFailureException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>A query that is well-formed and cannot be: an unknown table, a wrong value, a batch that is too large.</summary>
public class InvalidQueryException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>The query is not CQL.</summary>
public sealed class SyntaxErrorException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>The user may not do this.</summary>
public sealed class UnauthorizedException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>A statement that changes the schema asks for what the server's configuration does not allow.</summary>
public sealed class InvalidConfigurationInQueryException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>The keyspace or table to be made is there already.</summary>
public sealed class AlreadyExistsException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>The host does not know a prepared statement, and preparing it again there does not help.</summary>
public sealed class PreparedQueryNotFoundException(IPEndPoint host, string message) : QueryException(host, message);
