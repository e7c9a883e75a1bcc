using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Infrastructure.Stores;

namespace OtpActors.Api;

/// <summary>Looks an address up in a store: for the API, and for who reads the stores without a service.</summary>
internal static class FoundOtps
{
    /// <returns>What the store holds, or why it cannot be asked now.</returns>
    public static async Task<FoundOtpDocument.StorePart> LookAsync(IOtpStore store, EmailAddress email, bool reveal, CancellationToken cancellationToken)
    {
        try
        {
            return (await store.FindAsync([email], cancellationToken)).GetValueOrDefault(email) is { } found
                ? new FoundOtpDocument.StorePart(
                    store.Name, true, reveal ? found.Otp.Reveal() : found.Otp.ToString(),
                    found.Origin is { } origin ? new OriginDocument(origin.Topic, origin.Partition, origin.Offset) : null,
                    found.ProducedAt, found.StoredAt)
                : new FoundOtpDocument.StorePart(store.Name, false);
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreSetupException or SqliteFailureException)
        {
            return new FoundOtpDocument.StorePart(store.Name, null, Problem: e.Message);
        }
    }
}
