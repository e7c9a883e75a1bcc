using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Cassandra;
using OtpActors.Infrastructure.Stores.Embedded;
using OtpActors.Infrastructure.Stores.Mongo;

namespace OtpActors.Hosting;

/// <summary>The two stores, each of the provider that the settings name.</summary>
public static class ConfiguredStores
{
    /// <param name="readOnly">Embedded stores are opened for reading, beside the process that writes.</param>
    public static IReadOnlyList<IOtpStore> Open(
        OtpActorsOptions options, DataDirectory data, TimeProvider time, bool readOnly = false) =>
    [
        options.Stores.Cassandra.Provider == StoreProvider.Cassandra
            ? new CassandraStore(StoreNames.Cassandra, options.Cassandra, options.Stores.Cassandra.OnExisting, time)
            : EmbeddedStores.Open(StoreNames.Cassandra, StoreIdentity.Email, options.Stores.Cassandra, data, time, readOnly),
        options.Stores.Mongo.Provider == StoreProvider.MongoDB
            ? new MongoStore(StoreNames.Mongo, options.Mongo, options.Stores.Mongo.OnExisting, time)
            : EmbeddedStores.Open(StoreNames.Mongo, StoreIdentity.EmailAndOtp, options.Stores.Mongo, data, time, readOnly),
    ];
}
