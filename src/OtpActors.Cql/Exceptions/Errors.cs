using System.Net;
using OtpActors.Cql.Connections;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql;

/// <summary>Turns failures of the protocol into exceptions.</summary>
internal static class Errors
{
    public static DriverException Of(ErrorMessage error, IPEndPoint host) => error.Code switch
    {
        // Servers say it with any code: 2.1 with 0, later ones with 0x000A.
        _ when error.Message.Contains("unsupported protocol version", StringComparison.OrdinalIgnoreCase) =>
            new UnsupportedProtocolVersionException(host, error.Message),
        ErrorCode.ProtocolError => new ProtocolErrorException(host, error.Message),
        ErrorCode.BadCredentials => new AuthenticationException(host, $"user name or password is wrong ({error.Message})"),
        ErrorCode.Unavailable => new UnavailableException(host, error.Consistency, error.Required, error.Received),
        ErrorCode.Overloaded => new OverloadedException(host, error.Message),
        ErrorCode.IsBootstrapping => new IsBootstrappingException(host, error.Message),
        ErrorCode.TruncateError => new TruncateException(host, error.Message),
        ErrorCode.WriteTimeout =>
            new WriteTimeoutException(host, error.Consistency, error.Received, error.Required, error.WriteType ?? ""),
        ErrorCode.ReadTimeout =>
            new ReadTimeoutException(host, error.Consistency, error.Received, error.Required, error.DataPresent),
        ErrorCode.ReadFailure => new ReadFailureException(host, error.Message),
        ErrorCode.FunctionFailure => new FunctionFailureException(host, error.Message),
        ErrorCode.WriteFailure => new WriteFailureException(host, error.Message),
        ErrorCode.SyntaxError => new SyntaxErrorException(host, error.Message),
        ErrorCode.Unauthorized => new UnauthorizedException(host, error.Message),
        ErrorCode.Invalid => new InvalidQueryException(host, error.Message),
        ErrorCode.ConfigError => new InvalidConfigurationInQueryException(host, error.Message),
        ErrorCode.AlreadyExists => new AlreadyExistsException(host, error.Message),
        ErrorCode.Unprepared => new PreparedQueryNotFoundException(host, error.Message),
        _ => new ServerErrorException(host, (int)error.Code, error.Message),
    };

    public static DriverException Of(RequestFailure failure, IPEndPoint host, Exception? cause) => failure switch
    {
        RequestFailure.TimedOut or RequestFailure.TimedOutUnwritten => new OperationTimedOutException(host),
        _ when cause is ConnectionException ended => new ConnectionException(host, Tail(ended, host), ended.InnerException),
        _ => new ConnectionException(host, $"the connection ended: {cause?.Message ?? "too many requests wait"}", cause),
    };

    private static string Tail(ConnectionException ended, IPEndPoint host) =>
        ended.Message.StartsWith($"{host}: ", StringComparison.Ordinal) ? ended.Message[$"{host}: ".Length..] : ended.Message;
}
