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
    public int Code { get; } = code;
}

/// <summary>The server found a request that is not the protocol.</summary>
public sealed class ProtocolErrorException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>Fewer replicas are alive than the consistency level needs; nothing was done.</summary>
public sealed class UnavailableException(IPEndPoint host, ConsistencyLevel consistency, int required, int alive)
    : QueryException(host, $"{consistency} needs {required} replicas and {alive} are alive")
{
    public ConsistencyLevel Consistency { get; } = consistency;

    public int RequiredReplicas { get; } = required;

    public int AliveReplicas { get; } = alive;
}

public sealed class OverloadedException(IPEndPoint host, string message) : QueryException(host, message);

public sealed class IsBootstrappingException(IPEndPoint host, string message) : QueryException(host, message);

public sealed class TruncateException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>The coordinator did not hear from enough replicas in time.</summary>
public sealed class ReadTimeoutException(IPEndPoint host, ConsistencyLevel consistency, int received, int required, bool dataPresent)
    : QueryException(host, $"{received} of the {required} replicas that {consistency} needs answered a read in time")
{
    public int ReceivedAcknowledgements { get; } = received;

    public int RequiredAcknowledgements { get; } = required;

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
    public int ReceivedAcknowledgements { get; } = received;

    public int RequiredAcknowledgements { get; } = required;

    public string WriteType { get; } = writeType;
}

public sealed class ReadFailureException(IPEndPoint host, string message) : QueryException(host, message);

public sealed class WriteFailureException(IPEndPoint host, string message) : QueryException(host, message);

public sealed class FunctionFailureException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>A query that is well-formed and cannot be: an unknown table, a wrong value, a batch that is too large.</summary>
public class InvalidQueryException(IPEndPoint host, string message) : QueryException(host, message);

public sealed class SyntaxErrorException(IPEndPoint host, string message) : QueryException(host, message);

public sealed class UnauthorizedException(IPEndPoint host, string message) : QueryException(host, message);

public sealed class InvalidConfigurationInQueryException(IPEndPoint host, string message) : QueryException(host, message);

public sealed class AlreadyExistsException(IPEndPoint host, string message) : QueryException(host, message);

/// <summary>The host does not know a prepared statement, and preparing it again there does not help.</summary>
public sealed class PreparedQueryNotFoundException(IPEndPoint host, string message) : QueryException(host, message);
