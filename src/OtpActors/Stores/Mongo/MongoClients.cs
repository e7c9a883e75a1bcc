using MongoDB.Driver;
using MongoDB.Driver.Core.Configuration;

namespace OtpActors.Stores.Mongo;

/// <summary>
/// The driver, set for this store: what the connection string says holds, except for the write concern; what it leaves
/// open is chosen here. <c>docs/mongodb.md</c> has the reasons.
/// </summary>
internal static class MongoClients
{
    /// <summary>How long to look for a primary, and to open a connection, before the store counts as out.</summary>
    private static readonly TimeSpan Reach = TimeSpan.FromSeconds(5);

    /// <summary>The longest silence of a server that is at work on a command.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>How long a majority may take; shorter than the silence, so that the server's own answer comes first.</summary>
    private static readonly TimeSpan Majority = TimeSpan.FromSeconds(20);

    /// <remarks>Reads DNS for <c>mongodb+srv</c>, and throws what that throws.</remarks>
    public static MongoClient Create(string connectionString)
    {
        var said = new ConnectionString(connectionString);
        var settings = MongoClientSettings.FromConnectionString(connectionString);
        settings.ApplicationName = said.ApplicationName ?? "OtpActors";
        settings.ServerSelectionTimeout = said.ServerSelectionTimeout ?? Reach;
        settings.ConnectTimeout = said.ConnectTimeout ?? Reach;
        settings.SocketTimeout = said.SocketTimeout ?? Silence;
        settings.WaitQueueTimeout = said.WaitQueueTimeout ?? Silence;
        settings.MaxConnectionPoolSize = said.MaxPoolSize ?? 16;
        settings.MaxConnectionIdleTime = said.MaxIdleTime ?? TimeSpan.FromMinutes(5);
        settings.RetryWrites = said.RetryWrites ?? true;
        settings.RetryReads = said.RetryReads ?? true;
        settings.ReadConcern = said.ReadConcernLevel is { } level ? new ReadConcern(level) : ReadConcern.Majority;
        settings.WriteConcern = WriteConcern.WMajority.With(wTimeout: said.WTimeout ?? Majority, journal: said.Journal);

        // Clients of equal settings share their connections and lose them together when one is disposed. A listener of
        // its own makes each one unlike the others.
        var own = new object();
        settings.ClusterConfigurator = _ => GC.KeepAlive(own);
        return new MongoClient(settings);
    }
}
