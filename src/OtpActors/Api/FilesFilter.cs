using OtpActors.Lifecycle;

namespace OtpActors.Api;

/// <summary>
/// Whatever changes something is answered only where the data directory's files are still those that are written to, before
/// and after: what is promised is there after a restart.
/// </summary>
internal sealed class FilesFilter(DataWatch files) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (HttpMethods.IsGet(context.HttpContext.Request.Method) || HttpMethods.IsHead(context.HttpContext.Request.Method))
        {
            return await next(context);
        }

        Check();
        var result = await next(context);
        Check();
        return result;
    }

    private void Check()
    {
        if (files.Check() is { } lost)
        {
            throw new ApiProblemException(
                StatusCodes.Status503ServiceUnavailable, "data_lost", $"{lost}.", hint: "The service ends; ask again when it is started.");
        }
    }
}
