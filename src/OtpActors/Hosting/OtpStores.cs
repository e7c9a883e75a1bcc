using OtpActors.Stores;
using OtpActors.Stores.Mongo;
using OtpActors.Workflow;

namespace OtpActors.Hosting;

/// <summary>The two stores, each made of what its settings name.</summary>
public static class OtpStores
{
    /// <param name="readOnly">Reads beside the process that writes, and makes nothing.</param>
    public static IReadOnlyList<IOtpStore> Open(
        StoresOptions options, DataDirectory data, TimeProvider time, bool readOnly = false) =>
    [
        options.Cassandra.Provider switch
        {
            StoreProvider.Embedded => EmbeddedStores.Cassandra(options, data, time, readOnly),
            _ => throw Unfit(StoreNames.Cassandra, options.Cassandra),
        },
        options.Mongo.Provider switch
        {
            StoreProvider.Embedded => EmbeddedStores.Mongo(options, data, time, readOnly),
            StoreProvider.MongoDB => new MongoStore(StoreNames.Mongo, options.Mongo, time),
            _ => throw Unfit(StoreNames.Mongo, options.Mongo),
        },
    ];

    private static SettingsException Unfit(string store, StoreOptions options) =>
        new($"{OtpActorsOptions.Section}:Stores: the store {store} is not made of {options.Provider}.");
}
