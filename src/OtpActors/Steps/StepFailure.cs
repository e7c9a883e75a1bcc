namespace OtpActors.Steps;

internal static class StepFailure
{
    /// <summary>What went wrong, without the wrapping that streams and tasks put around it.</summary>
    public static Exception Cause(Exception failure) => (failure as AggregateException)?.GetBaseException() ?? failure;
}
