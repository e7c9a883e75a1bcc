using System.Net.Sockets;
using Npgsql;

namespace OtpActors.Infrastructure.Journal;

/// <summary>The journal's server cannot be used; the message says why and what to do. It holds no password.</summary>
public sealed class JournalException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What PostgreSQL and its driver say, as sentences (https://www.postgresql.org/docs/15/errcodes-appendix.html).</summary>
public static class PostgresFailure
{
    private const string Setting = "OtpActors:Journal:ConnectionString";

    /// <param name="server">Which server and database it is about.</param>
    public static JournalException Explain(NpgsqlException exception, NpgsqlConnectionStringBuilder server)
    {
        var at = $"{server.Host}:{server.Port}";
        var user = server.Username ?? Environment.UserName;
        var database = server.Database ?? user;
        return new JournalException(
            exception switch
            {
                PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } =>
                    $"the journal's PostgreSQL at {at} does not let user '{user}' in: check user and password in {Setting}, "
                    + "and the server's pg_hba.conf",
                PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
                    $"the journal's PostgreSQL at {at} has no database '{database}': create it, or name another one in {Setting}",
                PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refused =>
                    $"the journal's PostgreSQL at {at} refuses user '{user}' in database '{database}': {refused.MessageText}; "
                    + "grant it CREATE on the schema, or name another one in OtpActors:Journal:Schema",
                PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } =>
                    $"the journal's PostgreSQL at {at} has no connection left: raise its max_connections, or end other clients",
                PostgresException other => $"the journal's PostgreSQL at {at} fails: {other.MessageText} ({other.SqlState})",
                { InnerException: SocketException cause } =>
                    $"the journal's PostgreSQL at {at} cannot be reached: {cause.Message.TrimEnd('.')}; check that it runs, "
                    + $"and host and port in {Setting}",
                { InnerException: TimeoutException } =>
                    $"the journal's PostgreSQL at {at} does not answer: check that it runs, and host and port in {Setting}",
                _ => $"the journal's PostgreSQL at {at} cannot be used: {exception.Message.TrimEnd('.')}",
            },
            exception);
    }
}
