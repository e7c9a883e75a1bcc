using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Embedded;

namespace OtpActors.Hosting;

/// <summary>The two embedded stores, each with the identity rule of the store it stands for.</summary>
public static class EmbeddedStores
{
    public static IReadOnlyList<EmbeddedStore> Open(
        StoresOptions options, DataDirectory data, TimeProvider time, bool readOnly = false) =>
    [
        Open(StoreNames.Cassandra, StoreIdentity.Email, options.Cassandra, data, time, readOnly),
        Open(StoreNames.Mongo, StoreIdentity.EmailAndOtp, options.Mongo, data, time, readOnly),
    ];

    internal static EmbeddedStore Open(
        string name, StoreIdentity identity, StoreOptions options, DataDirectory data, TimeProvider time, bool readOnly) =>
        new(
            new EmbeddedStoreSettings(name, data.StoreFile(name), identity)
            {
                OnExisting = options.OnExisting,
                ReadOnly = readOnly,
            },
            time);
}
