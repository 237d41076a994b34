# docker build -t samlauth .
# docker run -it -v ~/.aws:/root/.aws samlauth -u USER -I IDPID -S SPID -p sts-temp
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.13-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels samlauth && rm -r /wheels
ENTRYPOINT ["samlauth"]
