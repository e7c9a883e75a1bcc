using Akka.Actor;
using Akka.TestKit;
using Xunit;

namespace OtpActors.Tests.Fakes;

/// <summary>A probe's waits, ended with the test.</summary>
internal static class Probes
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The next message, which must be of the type.</summary>
    public static Task<T> NextAsync<T>(this TestKitBase kit) => kit.ExpectMsgAsync<T>(cancellationToken: Cancel).AsTask();

    /// <summary>The first message that is wanted; those before it are passed over.</summary>
    public static async Task<T> UntilAsync<T>(this TestKitBase kit, Func<T, bool>? wanted = null)
    {
        while (true)
        {
            if (await kit.NextAsync<object>() is T message && (wanted is null || wanted(message)))
            {
                return message;
            }
        }
    }

    /// <summary>Does something that ends the actor, and waits for its end.</summary>
    public static async Task StoppedAsync(this TestKitBase kit, IActorRef actor, Action how)
    {
        var watcher = kit.CreateTestProbe();
        watcher.Watch(actor);
        how();
        await watcher.ExpectTerminatedAsync(actor, cancellationToken: Cancel);
    }
}
