using Xunit;

namespace OtpActors.Tests.Support;

public static class Waiting
{
    /// <summary>Far beyond what anything here takes: it ends a test that hangs and decides no other.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public static Task<T> Eventually<T>(this Task<T> task) => task.WaitAsync(Limit, TestContext.Current.CancellationToken);

    public static Task Eventually(this Task task) => task.WaitAsync(Limit, TestContext.Current.CancellationToken);
}
