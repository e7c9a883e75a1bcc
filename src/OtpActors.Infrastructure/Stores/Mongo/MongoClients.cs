using MongoDB.Driver;
using MongoDB.Driver.Core.Configuration;

namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>
/// The driver, set for this store: what the connection string says holds, except for what the store's promises rest on (reads
/// from the primary, a majority for reads and writes); what it leaves open is chosen here. <c>docs/mongodb.md</c> has the
/// reasons.
/// </summary>
internal static class MongoClients
{
    /// <summary>How long to look for a primary, and to open a connection, before the store counts as out.</summary>
    private static readonly TimeSpan Reach = TimeSpan.FromSeconds(5);

    /// <summary>The longest silence of a server that is at work on a command.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>The same while it builds an index or sorts a collection, of which it says nothing before the end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    /// <summary>How long a majority may take; shorter than the silence, so that the server's own answer comes first.</summary>
    private static readonly TimeSpan Majority = TimeSpan.FromSeconds(20);

    /// <param name="isPatient">For commands that take minutes by their nature.</param>
    /// <remarks>Reads DNS for <c>mongodb+srv</c>, and throws what that throws.</remarks>
    public static MongoClient Create(string connectionString, bool isPatient)
    {
        var said = new ConnectionString(connectionString);
        var settings = MongoClientSettings.FromConnectionString(connectionString);
        settings.ApplicationName = said.ApplicationName ?? "OtpActors";
        settings.ServerSelectionTimeout = said.ServerSelectionTimeout ?? Reach;
        settings.ConnectTimeout = said.ConnectTimeout ?? Reach;
        settings.SocketTimeout = isPatient ? Patience : said.SocketTimeout ?? Silence;
        settings.WaitQueueTimeout = said.WaitQueueTimeout ?? Silence;
        settings.MaxConnectionPoolSize = said.MaxPoolSize ?? 16;
        settings.MaxConnectionIdleTime = said.MaxIdleTime ?? TimeSpan.FromMinutes(5);
        settings.RetryWrites = said.RetryWrites ?? true;
        settings.RetryReads = said.RetryReads ?? true;
        settings.ReadPreference = ReadPreference.Primary;
        settings.ReadConcern = ReadConcern.Majority;

        // `journal=false` would acknowledge what a power cut takes away.
        bool? journal = said.Journal == true ? true : null;
        settings.WriteConcern = WriteConcern.WMajority.With(wTimeout: said.WTimeout ?? Majority, journal: journal);

        // Clients of equal settings share their connections and lose them together when one is disposed. A listener of
        // its own makes each one unlike the others.
        var own = new object();
        settings.ClusterConfigurator = _ => GC.KeepAlive(own);
        return new MongoClient(settings);
    }
}
