using System.Security.Authentication;
using MongoDB.Driver;
using MongoDB.Driver.Core.Servers;

namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>Why no server could be chosen, where that is a fault of the set-up. What the driver's watch saw last decides.</summary>
internal static class MongoReach
{
    /// <summary>Null where the servers are merely away.</summary>
    public static StoreSetupException? Explain(string where, IMongoClient? client)
    {
        if (client is null)
        {
            return null;
        }

        var servers = client.Cluster.Description.Servers;
        return WrongSet(where, client.Settings.ReplicaSetName, servers)
            ?? (servers.Count > 0 && servers.All(server => Cause(server.HeartbeatException) is not null)
                ? Tls(where, servers[0].HeartbeatException)
                : null);
    }

    /// <summary>A handshake that one side refuses; one that merely breaks off is none.</summary>
    public static StoreSetupException? Tls(string where, Exception? exception) => Cause(exception) is { } cause
        ? new StoreSetupException(
            $"{where}: the TLS handshake fails ({cause.Message.TrimEnd('.')}). The server's certificate must be of an authority that this "
            + "machine trusts, be valid now, and name the host as the connection string does; a server that asks for a client "
            + "certificate must be given one")
        : null;

    private static StoreSetupException? WrongSet(string where, string? name, IReadOnlyList<ServerDescription> servers)
    {
        if (name is null || !servers.All(server => IsOfAnother(name, server)))
        {
            return null;
        }

        var others = servers.Select(server => server.ReplicaSetConfig?.Name).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        return new StoreSetupException(
            $"{where}: no server there belongs to the replica set '{name}' that replicaSet names in the connection string"
            + (others.Count > 0 ? $"; they belong to '{string.Join("', '", others)}'" : "")
            + ". Correct the name (rs.conf()._id on the server tells it), or leave the option out for a server without a replica set");
    }

    private static bool IsOfAnother(string name, ServerDescription server) =>
        server.HeartbeatException is null && server.WireVersionRange is not null
        && server.Type is not ServerType.ReplicaSetGhost && server.ReplicaSetConfig?.Name != name;

    private static AuthenticationException? Cause(Exception? exception)
    {
        while (exception is not (null or AuthenticationException))
        {
            exception = exception.InnerException;
        }

        return exception as AuthenticationException;
    }
}
