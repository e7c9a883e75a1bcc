using System.Net;

namespace OtpActors.Cql;

/// <summary>What every failure of the driver or the server is; programming errors are the usual .NET exceptions.</summary>
public abstract class DriverException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>No host could be asked. <see cref="Errors"/> has each host's own failure.</summary>
public sealed class NoHostAvailableException : DriverException
{
    /// <summary>
    /// The message names the first three hosts and their failures unless <paramref name="message"/> is given.
    /// </summary>
    public NoHostAvailableException(IReadOnlyDictionary<IPEndPoint, Exception> errors, string? message = null)
        : base(message ?? Describe(errors), errors.Values.FirstOrDefault())
    {
        Errors = errors;
    }

    /// <summary>Each host that was tried and why it failed; empty where none was connected.</summary>
    public IReadOnlyDictionary<IPEndPoint, Exception> Errors { get; }

    private static string Describe(IReadOnlyDictionary<IPEndPoint, Exception> errors) => errors.Count == 0
        ? "no host is connected"
        : $"no host answers: {string.Join("; ", errors.Take(3).Select(pair => $"{pair.Key}: {pair.Value.Message}"))}"
            + (errors.Count > 3 ? $"; and {errors.Count - 3} more" : "");
}

/// <summary>A host cannot be connected to, or the connection to it ended.</summary>
public sealed class ConnectionException(IPEndPoint endPoint, string message, Exception? inner = null)
    : DriverException($"{endPoint}: {message}", inner)
{
    /// <summary>The host.</summary>
    public IPEndPoint EndPoint { get; } = endPoint;
}

/// <summary>TLS could not be agreed on with the host: it is not trusted, does not bear its name, or does not speak TLS.</summary>
public sealed class TlsException(IPEndPoint endPoint, Exception inner) : DriverException(
    $"{endPoint}: no secure connection: {inner.Message} Check that the host uses TLS, that its certificate comes from a "
    + "trusted authority and that it names the host.", inner);

/// <summary>The server does not accept the user or wants one.</summary>
public sealed class AuthenticationException(IPEndPoint endPoint, string message) : DriverException($"{endPoint}: {message}");

/// <summary>No protocol version that is spoken here is accepted by the server.</summary>
public sealed class UnsupportedProtocolVersionException(IPEndPoint endPoint, string message)
    : DriverException($"{endPoint}: {message}");

/// <summary>No response within the time limit. Whether the request had an effect is not known.</summary>
public sealed class OperationTimedOutException(IPEndPoint endPoint)
    : DriverException($"{endPoint}: no response within the time limit");
