using System.IO.Compression;
using System.Text;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>What is in a request and is not understood is refused, never passed over.</summary>
[Collection(OneService.Name)]
public sealed class StrictRequestSpecs
{
    [Theory]
    [InlineData("/api/runs?stat=completed", "unknown_parameter", "stat")]
    [InlineData("/api/runs?State=completed", "unknown_parameter", "State")]
    [InlineData("/api/runs?limit=1&x", "unknown_parameter", "x")]
    [InlineData("/api/runs?limit=1&limit=2", "repeated_parameter", "limit")]
    [InlineData("/api/runs?limit=1&limit=1", "repeated_parameter", "limit")]
    [InlineData("/api/runs?topic=a&topic=b", "repeated_parameter", "topic")]
    [InlineData("/api/runs?limit=", "bad_field", "limit")]
    [InlineData("/api/runs?limit", "bad_field", "limit")]
    [InlineData("/api/runs?state=completed&state=", "bad_field", "state")]
    [InlineData("/api/otps/a@b.c?reveal=", "bad_field", "reveal")]
    [InlineData("/api/otps/a@b.c?email=a@b.c", "unknown_parameter", "email")] // of the path
    [InlineData("/api/schedules?limit=1", "unknown_parameter", "limit")]
    [InlineData("/api/schedules/daily?x=1", "unknown_parameter", "x")]
    [InlineData("/api/config?x=1", "unknown_parameter", "x")]
    [InlineData("/api/topics?x=1", "unknown_parameter", "x")]
    [InlineData("/api/topics/email_topic/records?from=0", "unknown_parameter", "from")]
    [InlineData("/api/dead-letters?from=0", "unknown_parameter", "from")]
    [InlineData("/api/runs/none/events?lastEventId=1", "unknown_parameter", "lastEventId")]
    public async Task A_parameter_of_the_query_that_says_nothing_is_refused(string path, string code, string field)
    {
        await using var service = await ApiService.StartAsync();
        (await service.GetAsync(path)).ShouldBeProblem(400, code, field);
    }

    [Fact]
    public async Task A_parameter_is_refused_whatever_the_method_and_before_anything_is_done()
    {
        await using var service = await ApiService.StartAsync();
        (await service.PostAsync("/api/runs?count=5", """{"count":1}""")).ShouldBeProblem(400, "unknown_parameter", "count");
        (await service.PostAsync("/api/otps?topic=x", """{"email":"a@b.c"}""")).ShouldBeProblem(400, "unknown_parameter", "topic");
        (await service.SendAsync(HttpMethod.Delete, "/api/schedules/daily?force=true", null)).ShouldBeProblem(400, "unknown_parameter", "force");
        (await service.GetAsync("/api/runs?canary-5up3r%20s3cret=1")).ShouldBeProblem(400, "unknown_parameter").Text.ShouldNotContain("canary");
        (await service.GetAsync("/api/schedules/daily")).ShouldBe(200);
        (await service.GetAsync("/api/runs"))["items"].GetArrayLength().ShouldBe(0);
        service.Data.TopicCount.ShouldBe(0);
    }

    [Theory]
    [InlineData("/api/runs")]
    [InlineData("/api/runs/ID")]
    [InlineData("/api/runs/ID/events")]
    [InlineData("/api/otps/a@b.c")]
    [InlineData("/api/topics")]
    [InlineData("/api/topics/email_topic")]
    [InlineData("/api/topics/email_topic/records")]
    [InlineData("/api/dead-letters")]
    [InlineData("/api/schedules")]
    [InlineData("/api/schedules/daily")]
    [InlineData("/api/config")]
    [InlineData("/metrics")]
    [InlineData("/healthz/live")]
    [InlineData("/healthz/ready")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/docs/")]
    public async Task HEAD_answers_wherever_GET_does_and_without_a_body(string path)
    {
        await using var service = await ApiService.StartAsync();
        var id = await service.StartRunAsync("""{"email":"a@b.c","interval":"20ms","duration":"1h","notify":"none"}"""); // whose events do not end
        await service.UntilAsync(id, run => run["report"].GetProperty("produced").GetInt64() > 0);
        path = path.Replace("ID", id);

        var head = await service.SendAsync(HttpMethod.Head, path, null).Eventually();
        head.Status.ShouldBe(200);
        head.Text.ShouldBeEmpty();
        head.Headers["Cache-Control"].ShouldContain("no-store");
        head.Headers["Content-Type"].ShouldNotBeEmpty();
        (await service.PostAsync($"/api/runs/{id}/cancel", null)).ShouldBe(200);
        if (!path.EndsWith("/events", StringComparison.Ordinal))
        {
            (await service.GetAsync(path)).ShouldBe(200).Headers["Content-Type"].ShouldBe(head.Headers["Content-Type"]);
        }
    }

    [Fact]
    public async Task HEAD_is_refused_where_GET_is()
    {
        await using var service = await ApiService.StartAsync(Keys.Set);
        (await service.SendAsync(HttpMethod.Head, "/api/runs", null)).Status.ShouldBe(401);
        (await service.SendAsync(HttpMethod.Head, "/api/runs", null, Keys.Operator)).Status.ShouldBe(403);
        (await service.SendAsync(HttpMethod.Head, "/api/none", null, Keys.Reader)).Status.ShouldBe(404);
        (await service.SendAsync(HttpMethod.Head, "/api/runs?x=1", null, Keys.Reader)).Status.ShouldBe(400);
        (await service.SendAsync(HttpMethod.Head, "/api/dead-letters/redrive", null, Keys.Reader)).Status.ShouldBe(405);
        var refused = (await service.SendAsync(HttpMethod.Delete, "/api/runs", null, Keys.Reader)).ShouldBeProblem(405, "method_not_allowed");
        refused.Headers["Allow"].Split(',').Select(method => method.Trim()).ShouldBe(["GET", "POST", "HEAD"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("x-unheard-of")]
    [InlineData("identity, gzip")]
    public async Task A_body_that_is_packed_is_refused(string encoding)
    {
        await using var service = await ApiService.StartAsync();
        var refused = (await service.SendAsync(Post("/api/otps", Packed("""{"email":"a@b.c"}"""), "application/json", encoding)))
            .ShouldBeProblem(415, "unknown_encoding", "Content-Encoding");
        refused.Headers["Accept-Encoding"].ShouldBe("identity");
        (await service.SendAsync(Post("/api/otps", """{"email":"a@b.c"}"""u8.ToArray(), "application/json", "identity"))).ShouldBe(201);
        service.Data.TopicCount.ShouldBe(1);
    }

    [Theory]
    [InlineData("application/json; charset=utf-8", 201)]
    [InlineData("application/json; charset=\"UTF-8\"", 201)]
    [InlineData("application/json", 201)]
    [InlineData("application/json; charset=klingon", 415)]
    [InlineData("application/json; charset=utf-16", 415)]
    [InlineData("application/json; charset=", 415)]
    [InlineData("application/json; charset=utf-8; charset=klingon", 415)]
    [InlineData("application/json; charset=utf-7", 415)]
    [InlineData("application/vnd.otp+json; charset=iso-8859-1", 415)]
    [InlineData("text/plain; charset=utf-8", 415)]
    [InlineData("json", 415)]
    [InlineData("", 415)]
    public async Task A_body_is_JSON_in_UTF8(string type, int status)
    {
        await using var service = await ApiService.StartAsync();
        var answer = await service.SendAsync(Post("/api/otps", """{"email":"a@b.c"}"""u8.ToArray(), type, null));
        if (status == 415)
        {
            answer.ShouldBeProblem(415, type.Contains("json; charset=", StringComparison.Ordinal) && type[^1] != '=' ? "unknown_charset" : null);
        }

        answer.ShouldBe(status);
    }

    private static HttpRequestMessage Post(string path, byte[] body, string type, string? encoding)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (encoding is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        return request;
    }

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }
}
